// Package pgprov makes roles and databases exist on customers' PostgreSQL
// servers: it is the driver behind database.Server, and the only package that
// speaks SQL to servers that are not our own.
//
// It looks before it acts and touches only what bears the mark it is given. What
// is wished for, in which order the methods run, and what happens after an
// error is decided by package database and the engine. Names are refused here
// once more, because this is the last place before SQL.
//
// The admin is a superuser, or from PostgreSQL 15 on a role like this one, on a
// server where PUBLIC cannot connect to postgres and template1:
//
//	CREATE ROLE panel LOGIN CREATEDB CREATEROLE PASSWORD '...';
//	GRANT pg_read_all_stats, pg_signal_backend TO panel;
//	GRANT SET ON PARAMETER temp_file_limit TO panel;
//	REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
//	GRANT CONNECT ON DATABASE postgres TO panel;
//
// Such an admin cannot read verifiers and cannot end sessions of superusers.
package pgprov
