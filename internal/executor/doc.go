// Package executor answers GraphQL operations breadth first: it compiles an
// operation into a plan once, calls each resolver once for all objects of a
// level instead of once for each object, and writes the answer in one pass into
// one buffer. It stands beside the code that gqlgen generates and uses its
// conversions, so that answers and errors are the same to the byte; what it does
// not cover it gives to gqlgen's own executor, as whole operations.
//
// Its tables are written by package plugin. It knows nothing of any schema, of
// HTTP or of the panel.
package executor
