// Package devstack starts private PostgreSQL clusters from the machine's own
// programs and keeps them running: the embedded default of `mpanel server`,
// and what the tests run on.
//
// It neither installs PostgreSQL nor looks into the databases: schemas, roles
// and backups belong to its callers. It needs Linux, for /proc and for the
// signal that a child gets when its parent dies.
package devstack
