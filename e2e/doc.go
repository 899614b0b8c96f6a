//go:build e2e

// Package e2e holds the tests that use MPanel as its owners and customers do:
// the real binary on its embedded default, an independent GraphQL client in
// client/, and pgx and psql with the credentials that were handed out. What
// happened is asked of the PostgreSQL servers themselves.
//
// It leaves to the packages' own tests what can be seen without a process.
package e2e
