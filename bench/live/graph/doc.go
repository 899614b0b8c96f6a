// Package graph is gqlgen's code of what bench/live streams, and the tables for
// the compiled executor beside it.
package graph
