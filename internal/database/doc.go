// Package database sells PostgreSQL databases: it keeps the wish in our own
// tables and lets the engine make it true on a server.
//
// It does not speak SQL to customers' servers; that is package pgprov, behind
// the interface Server.
package database
