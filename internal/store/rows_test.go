package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// fill gives a field some value of its kind; seldom none, where there may be none.
func fill(r *rand.Rand, v reflect.Value) {
	switch to := v.Addr().Interface().(type) {
	case *time.Time:
		*to = time.UnixMicro(r.Int64N(4e15) - 1e15)
		return
	case *uuid.UUID:
		*to = uuid.New()
		return
	case *json.RawMessage:
		*to = json.RawMessage(fmt.Sprintf(`{"n": %d}`, r.IntN(1000)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.String:
		v.SetString([]string{"", "a", "Ä \\ ' \" {},", "NULL", "日本"}[r.IntN(5)])
	case reflect.Int, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 1<<31 - 1, -1 << 31}[r.IntN(5)])
	case reflect.Float64:
		v.SetFloat(float64(r.IntN(10000)) / 100)
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(strings.Repeat("\x00\xff", r.IntN(4))))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Struct: // typed ids and what is kept as JSON
		if id := v.FieldByName("UUID"); id.IsValid() {
			fill(r, id)
			return
		}
		for _, field := range v.Fields() {
			fill(r, field)
		}
	default:
		panic("enter " + v.Type().String())
	}
}

// sameAsBun reads rows of every shape in both ways.
func sameAsBun[M any](t *testing.T, db *store.DB) {
	t.Helper()
	table := pgdialect.New().Tables().Get(reflect.TypeFor[M]())
	r := rand.New(rand.NewPCG(1, 2))
	var rows []*M
	for range 100 {
		row := new(M)
		for _, f := range table.Fields {
			if v := reflect.ValueOf(row).Elem().FieldByIndex(f.Index); r.IntN(8) > 0 || f.NotNull || f.IsPK {
				fill(r, v)
			}
		}
		rows = append(rows, row)
	}
	// The types of the columns, without what their values depend on.
	_, err := db.ExecContext(t.Context(), "CREATE TABLE sample (LIKE ?)", bun.Ident(table.Name))
	require.NoError(t, err)
	var all []string
	require.NoError(t, db.NewRaw("SELECT attname FROM pg_attribute WHERE attrelid = 'sample'::regclass AND attnum > 0").Scan(t.Context(), &all))
	for _, name := range all {
		_, err := db.ExecContext(t.Context(), "ALTER TABLE sample ALTER COLUMN ? DROP NOT NULL, ALTER COLUMN ? DROP IDENTITY IF EXISTS", bun.Ident(name), bun.Ident(name))
		require.NoError(t, err)
	}
	_, err = db.NewInsert().Model(&rows).ModelTableExpr("sample").Exec(t.Context())
	require.NoError(t, err)
	query := db.NewSelect().ModelTableExpr("sample AS ?TableAlias").OrderExpr("?TableAlias::text")

	var want []*M
	require.NoError(t, query.Clone().Model(&want).Scan(t.Context()))
	got, err := store.ReadAll[M](t.Context(), db, query.Clone().Model((*M)(nil)).String())
	require.NoError(t, err)
	require.Len(t, got, 100)
	for i := range want {
		require.Equal(t, asJSON(t, want[i]), asJSON(t, got[i]))
		require.Equal(t, *want[i], *got[i])
	}
	_, err = db.ExecContext(t.Context(), "DROP TABLE sample")
	require.NoError(t, err)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestReadRows_AreWhatBunReads(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	tried := []func(*testing.T, *store.DB){
		sameAsBun[models.Customer], sameAsBun[models.Quota], sameAsBun[models.User], sameAsBun[models.Membership],
		sameAsBun[models.DatabaseServer], sameAsBun[models.Database], sameAsBun[models.DatabaseUser], sameAsBun[models.DatabaseDump],
		sameAsBun[models.DriftFinding], sameAsBun[models.Job], sameAsBun[models.JobStep], sameAsBun[models.JobEvent],
		sameAsBun[models.Server], sameAsBun[models.Session], sameAsBun[models.APIToken], sameAsBun[models.Invitation], sameAsBun[models.UserTOTP], sameAsBun[models.AuditEntry],
		sameAsBun[models.Notification], sameAsBun[models.Impersonation],
	}
	require.Len(t, tried, store.Learned()-2, "all but the tests' own")
	for _, try := range tried {
		try(t, db)
	}
}

func TestReadRows_WhatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for name, tc := range map[string]struct{ sql, want string }{
		"a column of no field":  {"SELECT 1 AS nosuch", "models.Database has no column nosuch"},
		"a number for a name":   {"SELECT 1 AS name", "is no text"},
		"a text for a number":   {"SELECT 'x'::text AS generation", "is no integer"},
		"a text for a moment":   {"SELECT 'x'::text AS created_at", "is no timestamptz"},
		"a moment without zone": {"SELECT now()::timestamp AS created_at", "is no timestamptz"},
		"a moment without end":  {"SELECT 'infinity'::timestamptz AS created_at", "it is infinite"},
		"a text for an id":      {"SELECT 'x'::text AS id", "is no uuid"},
		"a number for a flag":   {"SELECT 1 AS suspended", "is no boolean"},
		"a text for bytes":      {"SELECT 'x'::text AS verifier_sealed", "is no bytea"},
		"a text for texts":      {"SELECT 'x'::text AS access_cidrs", "is no text[]"},
		"texts with a NULL":     {"SELECT ARRAY['a', NULL] AS access_cidrs", "without NULLs"},
		"texts in rows":         {"SELECT ARRAY[['a'], ['b']] AS access_cidrs", "of one dimension"},
		"no statement":          {"SELECT", ""},
		"an error of the SQL":   {"SELECT 1/0 AS generation", "division by zero"},
		"nobody's table":        {"SELECT * FROM nosuch", "does not exist"},
		"an error of the tenth": {"SELECT 1 / (10 - i) AS generation FROM generate_series(1::bigint, 20) AS i", "division by zero"},
	} {
		rows, err := store.ReadAll[models.Database](t.Context(), db, tc.sql)
		if tc.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tc.want, name)
		require.Empty(t, rows, name)
	}
	var whole []*models.Database
	whole, err := store.ReadAll[models.Database](t.Context(), db, "SELECT i AS generation, NULL::timestamptz AS created_at FROM generate_series(1::bigint, 1000) AS i")
	require.NoError(t, err, "and the connections are as good as before")
	for i, d := range whole {
		require.EqualValues(t, i+1, d.Generation)
		require.Zero(t, d.CreatedAt)
	}
}
