package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// as runs statements in a database in the name of its own login.
func (b *faultBench) as(t *testing.T, s scene, stmts ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.dsn(s, s.password))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for _, sql := range stmts {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

// pgDump is what PostgreSQL's own pg_dump says of a database, without what no two runs share.
func (b *faultBench) pgDump(t *testing.T, s scene) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "pg_dump", "--no-owner", "--no-acl", "-h", b.tenants.Host(), "-p", strconv.Itoa(b.tenants.Port()), "-U", testkit.Superuser, s.database.ExtName)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+testkit.Password().Reveal(), "LC_ALL=C")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	return regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAllString(string(out), "")
}

// http serves the bench's routes.
func (b *faultBench) http(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(b.panel.api)
	t.Cleanup(srv.Close)
	return srv
}

// at moves a URL of the panel's to the test's server.
func at(srv *httptest.Server, address string) string {
	return strings.Replace(address, "http://panel.test", srv.URL, 1)
}

func (b *faultBench) export(t *testing.T, id ident.DatabaseID, format models.DumpFormat) *models.DatabaseDump {
	t.Helper()
	out, err := b.panel.dumps.Export(b.by(t), database.ExportInput{ID: id, Format: &format})
	require.NoError(t, err)
	require.Equal(t, models.DumpPending, out.Dump.State)
	job := b.finished(t, out.Job.ID)
	require.Equal(t, models.JobSucceeded, job.State, "%v", ptr(job.ErrorMessage))
	return b.dump(t, out.Dump.ID)
}

func ptr(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (b *faultBench) dump(t *testing.T, id ident.DatabaseDumpID) *models.DatabaseDump {
	t.Helper()
	row := new(models.DatabaseDump)
	require.NoError(t, b.oracle.NewSelect().Model(row).Where("dd.id = ?", id).Scan(t.Context()))
	return row
}

// A response is what came back, without its body.
type response struct {
	StatusCode int
	Header     http.Header
}

func get(t *testing.T, address string, headers ...string) (response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	setHeaders(req, headers)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return response{res.StatusCode, res.Header}, body
}

func setHeaders(req *http.Request, headers []string) {
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
}

// download fetches a dump as a client does.
func (b *faultBench) download(t *testing.T, srv *httptest.Server, row *models.DatabaseDump) []byte {
	t.Helper()
	link, err := b.panel.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	res, body := get(t, at(srv, *link.URL))
	require.Equal(t, http.StatusOK, res.StatusCode, string(body[:min(200, len(body))]))
	sum := sha256.Sum256(body)
	require.Equal(t, hex.EncodeToString(sum[:]), res.Header.Get("X-Checksum-Sha256"))
	require.Equal(t, row.SHA256, sum[:])
	require.Equal(t, *row.SizeBytes, int64(len(body)))
	return body
}

// upload sends a file for a database.
func (b *faultBench) upload(t *testing.T, srv *httptest.Server, id ident.DatabaseID, file []byte) *models.DatabaseDump {
	t.Helper()
	link, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: id})
	require.NoError(t, err)
	status, body := put(t, at(srv, *link.URL), bytes.NewReader(file))
	require.Equal(t, http.StatusCreated, status, body)
	row := b.dump(t, link.Dump.ID)
	require.Equal(t, models.DumpReady, row.State)
	return row
}

func put(t *testing.T, address string, body io.Reader, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, body)
	require.NoError(t, err)
	setHeaders(req, headers)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(text)
}

func (b *faultBench) load(t *testing.T, id ident.DatabaseID, dump ident.DatabaseDumpID, replace bool) *models.Job {
	t.Helper()
	out, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: id, DumpID: dump, Replace: replace})
	require.NoError(t, err)
	return b.finished(t, out.Job.ID)
}

// rich is a schema with what dumps trip over.
var rich = []string{
	`CREATE EXTENSION pgcrypto`, `CREATE EXTENSION citext`, `CREATE EXTENSION hstore`,
	`CREATE SCHEMA "We""ird; Schema"`,
	`CREATE TYPE mood AS ENUM ('sad', 'ok', 'ha''ppy; \')`,
	`CREATE DOMAIN positive AS int CHECK (VALUE > 0)`,
	`CREATE TABLE "We""ird; Schema"."t\able -- x" (id bigserial PRIMARY KEY, "from" text DEFAULT 'a;''b', e mood DEFAULT 'ok', c citext, h hstore, p positive,
		doubled bigint GENERATED ALWAYS AS (id * 2) STORED, ident int GENERATED ALWAYS AS IDENTITY)`,
	`INSERT INTO "We""ird; Schema"."t\able -- x" ("from", c, h, p) SELECT E'row\t\\N \\. \n\\.\n ' || i, 'MiXed' || i, hstore('k', i::text), i FROM generate_series(1, 500) i`,
	`INSERT INTO "We""ird; Schema"."t\able -- x" ("from") VALUES (NULL), (''), (E'\\.'), ('\.'), (E'\n\\.\n'), (repeat('long', 50000)), (E'üñí\u65e5\u672c')`,
	`CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k)`,
	`CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (100)`, `CREATE TABLE parts_b PARTITION OF parts DEFAULT`,
	`INSERT INTO parts SELECT i, 'v' || i FROM generate_series(1, 200) i`,
	`CREATE INDEX ON parts (k)`,
	`CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b`,
	`CREATE FUNCTION atomic(n int) RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN n > 0 THEN n ELSE 0 END; SELECT n + 1; END`,
	`CREATE PROCEDURE noted(x text) LANGUAGE plpgsql AS $outer$ BEGIN EXECUTE $in$SELECT ';' -- $outer $in$; /* ; */ RAISE NOTICE '%', x; END; $outer$`,
	`CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := NEW.v || ';'; RETURN NEW; END $$`,
	`CREATE TRIGGER before_insert BEFORE INSERT ON parts_b FOR EACH ROW WHEN (NEW.v <> ';') EXECUTE FUNCTION trig()`,
	`CREATE VIEW seen AS SELECT "from", plus(1, 2) AS three FROM "We""ird; Schema"."t\able -- x" WHERE "from" <> ';'`,
	`CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM parts`,
	`CREATE RULE redirect AS ON INSERT TO seen DO INSTEAD (INSERT INTO parts VALUES (1, ';'); INSERT INTO parts VALUES (2, '('))`,
	`CREATE SEQUENCE counter START 100 INCREMENT 7`, `SELECT nextval('counter'), nextval('counter')`,
	`ALTER TABLE parts_b ENABLE ROW LEVEL SECURITY`, `CREATE POLICY mine ON parts_b USING (v <> 'x;')`,
	`CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0')`,
	`CREATE OPERATOR <+> (FUNCTION = plus, LEFTARG = int, RIGHTARG = int)`,
	`COMMENT ON TABLE parts IS E'a comment; with \'quotes\' and \\backslash\n-- PostgreSQL database dump complete\n\\connect postgres'`,
	`SELECT lo_from_bytea(0, decode(repeat('00ff5c2e0a', 3000), 'hex'))`,
	`ALTER TABLE parts ADD CONSTRAINT later UNIQUE (k, v) DEFERRABLE INITIALLY DEFERRED`,
	`CREATE STATISTICS stats ON k, v FROM parts`, `CREATE COLLATION plain (LOCALE = 'C')`,
}

func TestDump_RoundTripsOfEveryFormat(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	c := b.customer(t, nil, 10)
	pgbench, plain := b.tenant(t, c, b.name+"bench"), b.tenant(t, c, b.name+"rich")
	cmd := exec.CommandContext(t.Context(), "pgbench", "-i", "-q", "-s", "1", "--foreign-keys", b.dsn(pgbench, pgbench.password))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	b.as(t, plain, rich...)
	target := b.tenant(t, c, b.name+"target")
	for _, from := range []scene{pgbench, plain} {
		want := b.pgDump(t, from)
		for _, format := range []models.DumpFormat{models.DumpPlain, models.DumpPlainGzip, models.DumpCustom} {
			row := b.export(t, from.database.ID, format)
			require.Equal(t, models.DumpReady, row.State)
			require.Equal(t, format, *row.Format)
			file := b.download(t, srv, row)
			sent := b.upload(t, srv, target.database.ID, file)
			job := b.load(t, target.database.ID, sent.ID, true)
			require.Equal(t, models.JobSucceeded, job.State, "%s of %s: %s", format, from.database.Name, ptr(job.ErrorMessage))
			require.Equal(t, want, b.pgDump(t, target), "%s of %s", format, from.database.Name)
			require.Equal(t, format, *b.dump(t, sent.ID).Format)
			require.Empty(t, b.foreign(t, target), "everything is the tenant's")
			require.Empty(t, b.mustBeThere(t.Context(), target, models.ResourceActive, 3))
			b.as(t, target, "DROP TABLE IF EXISTS proof")
			for _, d := range []*models.DatabaseDump{row, sent} {
				_, err := b.panel.dumps.DeleteDump(b.by(t), database.DeleteDumpInput{ID: d.ID})
				require.NoError(t, err)
			}
		}
	}
	require.Empty(t, b.filesLeft(t), "a dump's file goes with it")
}

func (b *faultBench) filesLeft(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dumpFolder(b.dir, "matrix"))
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// foreign lists what is in a database and not its login's.
func (b *faultBench) foreign(t *testing.T, s scene) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString(s.database.ExtName).Reveal())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	rows, err := conn.Query(t.Context(), `
		SELECT 'relation ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_get_userbyid(relowner) <> $1
		UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_get_userbyid(nspowner) <> $1
		UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
		WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_get_userbyid(proowner) <> $1
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND deptype = 'e')
		UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata WHERE pg_get_userbyid(lomowner) <> $1`, s.database.Username)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return list
}

func TestClone_IsEqualAndCounted(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 2)
	source := b.tenant(t, c, b.name+"source")
	b.as(t, source, rich...)
	before := b.pgDump(t, source)
	preview, err := b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: b.name + "copy", DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []string{"create-login", "create-database", "grant-access", "copy-content", "publish-name"}, preview.Preview.Steps)
	require.Nil(t, preview.Database)
	require.EqualValues(t, 1, b.used(t, c))
	for _, name := range []string{source.database.Name, "BAD NAME"} {
		_, err := b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: name})
		require.Error(t, err, "onto an existing name, and a bad one")
		require.EqualValues(t, 1, b.used(t, c))
	}
	out, err := b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: b.name + "copy"})
	require.NoError(t, err)
	require.EqualValues(t, 2, b.used(t, c), "the quota is taken first")
	_, err = b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: source.database.ID})
	require.ErrorContains(t, err, "A clone of this database is being made")
	_, err = b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: b.name + "third"})
	require.ErrorContains(t, err, "A clone of this database is being made")
	job := b.finished(t, out.Job.ID)
	require.Equal(t, models.JobSucceeded, job.State, ptr(job.ErrorMessage))
	_, err = b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: b.name + "third"})
	require.ErrorContains(t, err, "QUOTA_EXCEEDED")
	made := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	require.Equal(t, before, b.pgDump(t, made))
	require.Empty(t, b.foreign(t, made))
	require.Empty(t, b.mustBeThere(t.Context(), made, models.ResourceActive, 2))
	require.Equal(t, before, b.pgDump(t, source), "the source is as it was")
	require.Empty(t, b.mustBeThere(t.Context(), source, models.ResourceActive, 2))
}
