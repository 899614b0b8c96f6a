package app

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func dumpOf(lines string) []byte {
	return []byte("--\n-- PostgreSQL database dump\n--\n\nSET standard_conforming_strings = on;\n" + lines + "\n\n--\n-- PostgreSQL database dump complete\n--\n\n")
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// bomb is a gzip of so many bytes, all the same.
func bomb(t *testing.T, size int64, of byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	_, err = z.Write(dumpOf(""))
	require.NoError(t, err)
	_, err = io.CopyN(z, same(of), size)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

type same byte

func (s same) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// What a dump may try. Nothing of it is done, here or on the server, and the
// database stays as it is.
func TestImport_WhatADumpMayNot(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	c := b.customer(t, nil, 10)
	victim, target := b.tenant(t, c, b.name+"victim"), b.tenant(t, c, b.name+"target")
	other := b.tenant(t, b.customer(t, nil, 10), b.name+"other")
	b.as(t, victim, "CREATE TABLE proof (n int)", "INSERT INTO proof SELECT generate_series(1, 1000)")
	b.as(t, other, "CREATE TABLE proof (n int)")
	good := b.download(t, srv, b.export(t, victim.database.ID, models.DumpPlain))
	custom := b.download(t, srv, b.export(t, victim.database.ID, models.DumpCustom))
	before := b.pgDump(t, target)
	flag := filepath.Join("/tmp", b.name+"-executed")
	t.Cleanup(func() { _ = os.Remove(flag) })

	for name, tc := range map[string]struct {
		file []byte
		want string // part of the job's error
	}{
		"ALTER SYSTEM":             {dumpOf("CREATE TABLE early (n int);\nALTER SYSTEM SET work_mem = '1GB';"), "ALTER SYSTEM"},
		"ALTER SYSTEM in a block":  {dumpOf("DO $$ BEGIN EXECUTE 'ALTER SYSTEM SET work_mem = ''1GB'''; END $$;"), "Line 6"},
		"COPY FROM PROGRAM":        {dumpOf("CREATE TABLE t (x text);\nCOPY t FROM PROGRAM 'touch " + flag + "';"), "COPY"},
		"COPY TO PROGRAM":          {dumpOf("CREATE TABLE t (x text);\nCOPY t TO PROGRAM 'touch " + flag + "';"), "COPY"},
		"COPY PROGRAM in a block":  {dumpOf("CREATE TABLE t (x text);\nDO $$ BEGIN COPY t FROM PROGRAM 'touch " + flag + "'; END $$;"), "(SQLSTATE 42501)"},
		"COPY a file":              {dumpOf("CREATE TABLE t (x text);\nCOPY t FROM '/etc/passwd';"), "COPY"},
		"connect":                  {dumpOf(`\connect ` + other.database.ExtName), `\connect`},
		"short connect":            {dumpOf(`\c postgres`), `\c;`},
		"shell":                    {dumpOf(`\! touch ` + flag), `\!`},
		"shell after a statement":  {dumpOf("SELECT 1 \\! touch " + flag + "\n;"), `\!`},
		"copy":                     {dumpOf(`\copy t from program 'touch ` + flag + `'`), `\copy`},
		"include":                  {dumpOf(`\i /etc/passwd`), `\i`},
		"output":                   {dumpOf(`\o | touch ` + flag), `\o`},
		"a restrict that is none":  {dumpOf("\\restrict a; \\! touch " + flag), `\restrict`},
		"command hidden in COPY":   {dumpOf("CREATE TABLE t (x text);\nCOPY t (x) FROM stdin;\na\n\\.\n\\! touch " + flag), `\!`},
		"becoming superuser":       {dumpOf("RESET SESSION AUTHORIZATION;\nRESET ROLE;\nSET ROLE " + testkit.Superuser + ";\nALTER ROLE " + target.database.Username + " SUPERUSER;"), "ROLE"},
		"superuser in a block":     {dumpOf("DO $$ BEGIN EXECUTE 'RESET ROLE'; EXECUTE 'SET ROLE " + testkit.Superuser + "'; END $$;"), "(SQLSTATE 42501)"},
		"another tenant's role":    {dumpOf("DO $$ BEGIN EXECUTE 'SET ROLE " + other.database.Username + "'; END $$;"), "(SQLSTATE 42501)"},
		"creating a role":          {dumpOf("CREATE ROLE evil SUPERUSER;"), "CREATE ROLE"},
		"creating a database":      {dumpOf("CREATE DATABASE evil;"), "CREATE DATABASE"},
		"reading files":            {dumpOf("CREATE TABLE t AS SELECT pg_catalog.pg_read_file('/etc/passwd');"), "(SQLSTATE 42501)"},
		"untrusted language":       {dumpOf("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system';"), "(SQLSTATE 42501)"},
		"untrusted extension":      {dumpOf("CREATE EXTENSION IF NOT EXISTS dblink;"), "dblink"},
		"extension that is not":    {dumpOf("CREATE EXTENSION IF NOT EXISTS nosuch;"), "nosuch"},
		"two in one":               {dumpOf("CREATE TABLE early (n int);\nCOMMIT;\nSELECT 1/0;"), "22012"},
		"commit in a block":        {dumpOf("CREATE TABLE early (n int);\nDO $$ BEGIN COMMIT; END $$;"), "2D000"},
		"rollback":                 {dumpOf("CREATE TABLE early (n int);\nROLLBACK;"), "ROLLBACK"},
		"wrong rows":               {dumpOf("CREATE TABLE t (x int);\nCOPY t (x) FROM stdin;\n1\nsecretword\n\\.\n"), "22P02"},
		"zeros":                    {bomb(t, 100<<20, 0), "zero byte"},
		"blanks without end":       {bomb(t, 100<<20, ' '), "unfolds"},
		"one statement w/o end":    {bomb(t, 40<<20, 'x'), "MiB"},
		"an answer without end":    {dumpOf("SELECT repeat('x', 200000000);"), "no dump"},
		"truncated":                {good[:bytes.LastIndex(good, []byte("dump complete"))+9], "truncated"},
		"truncated in rows":        {good[:bytes.Index(good, []byte("FROM stdin"))+100], "truncated"},
		"truncated in a statement": {dumpOf("")[:70], "truncated"},
		"truncated gzip":           {gzipped(t, good)[:len(good)/8], "truncated"},
		"damaged gzip":             {damaged(gzipped(t, good)), "damaged"},
		"damaged, and a command":   {damagedSum(gzipped(t, dumpOf(`\! touch `+flag))), "damaged"},
		"truncated custom":         {custom[:len(custom)*2/3], "damaged or truncated"},
		"newer custom":             {newer(custom), "newer pg_dump"},
		"not a dump":               {[]byte("Dear panel,\nplease import me.\n"), ""},
		"SQL but no dump":          {[]byte("CREATE TABLE early (n int);\n"), "not a dump"},
		"zip":                      {[]byte("PK\x03\x04whatever"), "gzip"},
		"binary":                   {[]byte{0x7f, 'E', 'L', 'F', 0, 0, 1}, "not a dump"},
		"odd encoding":             {dumpOf("SET client_encoding = 'SJIS';"), "UTF8"},
	} {
		sent := b.upload(t, srv, target.database.ID, tc.file)
		job := b.load(t, target.database.ID, sent.ID, false)
		require.Equal(t, models.JobFailed, job.State, name)
		require.Equal(t, fault.Invalid, *job.ErrorCode, "%s: %s", name, *job.ErrorMessage)
		require.Contains(t, *job.ErrorMessage, tc.want, name)
		require.NotContains(t, *job.ErrorMessage, "secretword", "rows are not cited")
		require.Equal(t, before, b.pgDump(t, target), name)
		require.Empty(t, b.mustBeThere(t.Context(), target, models.ResourceActive, 2), name)
		b.as(t, target, "DROP TABLE IF EXISTS proof")
		require.NoFileExists(t, flag, name)
		_, err := b.panel.dumps.DeleteDump(b.by(t), database.DeleteDumpInput{ID: sent.ID})
		require.NoError(t, err)
	}
	b.as(t, other, "SELECT * FROM proof")
}

func damaged(file []byte) []byte {
	file = bytes.Clone(file)
	for i := len(file) / 2; i < len(file)/2+20; i++ {
		file[i] ^= 0xff
	}
	return file
}

// damagedSum has the checksum of other data, which is known at the end only.
func damagedSum(file []byte) []byte {
	file = bytes.Clone(file)
	file[len(file)-8] ^= 0xff
	return file
}

// newer makes an archive say that it is of a later format.
func newer(file []byte) []byte {
	file = bytes.Clone(file)
	file[5], file[6] = 1, 99
	return file
}

// What other servers' dumps have that means nothing here.
func TestImport_WhatIsLeftOut(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	target := b.tenant(t, b.customer(t, nil, 10), b.name+"target")
	sent := b.upload(t, srv, target.database.ID, dumpOf(strings.Join([]string{
		`\restrict Abc123`, "SET transaction_timeout = 0;", "SET lock_timeout = 0;", "SET SESSION AUTHORIZATION 'postgres';",
		"CREATE SCHEMA public;", "ALTER SCHEMA public OWNER TO pg_database_owner;", "COMMENT ON SCHEMA public IS 'theirs';",
		"CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;", "COMMENT ON EXTENSION citext IS 'their words';",
		"BEGIN;", "CREATE TABLE owned (owner text);", "ALTER TABLE owned OWNER TO somebody;", "ALTER TABLE owned RENAME owner TO renamed;", "COMMIT;",
		"GRANT SELECT ON owned TO nobody_here;", "REVOKE ALL ON owned FROM PUBLIC;", "ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y;",
		"COPY owned (renamed) FROM stdin;", `\\connect`, `\N`, `\.`, "ALTER ROLE CURRENT_USER PASSWORD 'hijacked';", `\unrestrict Abc123`,
	}, "\n")))
	job := b.load(t, target.database.ID, sent.ID, false)
	require.Equal(t, models.JobFailed, job.State)
	require.Contains(t, *job.ErrorMessage, "ALTER ROLE is beyond one database")

	sent = b.upload(t, srv, target.database.ID, dumpOf(strings.Join([]string{
		`\restrict Abc123`, "SET transaction_timeout = 0;", "SET lock_timeout = 0;", "SET SESSION AUTHORIZATION 'postgres';",
		"CREATE SCHEMA public;", "ALTER SCHEMA public OWNER TO pg_database_owner;", "COMMENT ON SCHEMA public IS 'theirs';",
		"CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;", "COMMENT ON EXTENSION citext IS 'their words';",
		"BEGIN;", "CREATE TABLE owned (owner text);", "ALTER TABLE owned OWNER TO somebody;", "ALTER TABLE owned RENAME owner TO renamed;", "COMMIT;",
		"GRANT SELECT ON owned TO nobody_here;", "REVOKE ALL ON owned FROM PUBLIC;", "ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y;",
		"COPY owned (renamed) FROM stdin;", `\\connect`, `\N`, `\.`,
		// A block may do what a tenant may; what outlives it is put right afterwards.
		"DO $$ BEGIN EXECUTE 'ALTER ROLE CURRENT_USER PASSWORD ''" + hijacked + "'''; EXECUTE 'RESET ROLE'; END $$;", "CREATE TABLE as_the_job (n int);", `\unrestrict Abc123`,
	}, "\n")))
	job = b.load(t, target.database.ID, sent.ID, false)
	require.Equal(t, models.JobSucceeded, job.State, ptr(job.ErrorMessage))
	var told string
	require.NoError(t, b.oracle.NewSelect().Model((*models.JobEvent)(nil)).Column("message").Where("job_id = ?", job.ID).Where("message LIKE '%Left out%'").Scan(t.Context(), &told))
	require.Equal(t, "10 statements. Left out: 3 about owners and roles. Left out: 3 about rights. Left out: 1 of settings that the server does not know.", told)
	require.Empty(t, b.foreign(t, target))
	require.Empty(t, b.loginMustWork(t.Context(), target))
	got := b.pgDump(t, target)
	require.Contains(t, got, "COPY public.owned (renamed) FROM stdin;\n\\\\connect\n\\N\n\\.")
	require.NotContains(t, got, "their words")
}

func TestImport_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	c := b.customer(t, nil, 10)
	target := b.tenant(t, c, b.name+"target")
	b.as(t, target, "CREATE TABLE here (n int)")
	before := b.pgDump(t, target)
	sent := b.upload(t, srv, target.database.ID, dumpOf("CREATE TABLE there (n int);"))
	job := b.load(t, target.database.ID, sent.ID, false)
	require.Equal(t, models.JobFailed, job.State)
	require.Equal(t, fault.Conflict, *job.ErrorCode)
	require.Contains(t, *job.ErrorMessage, "not empty, there is relation here")
	require.Equal(t, before, b.pgDump(t, target))
	// Replacing is undone as a whole when the dump fails.
	bad := b.upload(t, srv, target.database.ID, dumpOf("CREATE TABLE there (n int);\nSELECT 1/0;"))
	require.Equal(t, models.JobFailed, b.load(t, target.database.ID, bad.ID, true).State)
	require.Equal(t, before, b.pgDump(t, target))

	// Nothing else begins on the database meanwhile, and the dump stays.
	out, err := b.panel.dumps.Export(b.by(t), database.ExportInput{ID: target.database.ID})
	require.NoError(t, err)
	_, err = b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: target.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "deleting while an export runs")
	_, err = b.panel.dumps.Import(b.by(t), database.ImportInput{ID: target.database.ID, DumpID: sent.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = b.panel.dumps.DeleteDump(b.by(t), database.DeleteDumpInput{ID: out.Dump.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = b.panel.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: out.Dump.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "a dump that is not complete is not given")
	_, err = b.panel.dumps.Import(b.by(t), database.ImportInput{ID: target.database.ID, DumpID: out.Dump.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)

	pending, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: target.database.ID})
	require.NoError(t, err)
	_, err = b.panel.dumps.Import(b.by(t), database.ImportInput{ID: target.database.ID, DumpID: pending.Dump.ID})
	require.ErrorContains(t, err, "was not uploaded yet")

	suspended, err := b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: target.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, suspended.Job.ID).State)
	for what, do := range map[string]func() error{
		"import": func() error {
			_, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: target.database.ID, DumpID: sent.ID})
			return err
		},
		"export": func() error {
			_, err := b.panel.dumps.Export(b.by(t), database.ExportInput{ID: target.database.ID})
			return err
		},
		"upload": func() error {
			_, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: target.database.ID})
			return err
		},
		"clone": func() error {
			_, err := b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: target.database.ID, Name: "copy"})
			return err
		},
	} {
		err := do()
		require.Equal(t, fault.Conflict, fault.CodeOf(err), what)
		require.ErrorContains(t, err, "suspended", what)
	}
}
