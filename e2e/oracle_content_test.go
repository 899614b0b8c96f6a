//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// onTenants does something on the tenants' server as its superuser.
func (k *torture) onTenants(t *testing.T, database string, statements ...string) {
	t.Helper()
	require.NoError(t, k.ask(t.Context(), "tenants", database, func(conn *pgx.Conn) error {
		for _, sql := range statements {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	}))
}

// seed gives a database content, as its login would.
func (k *torture) seed(t *testing.T, l *live) {
	t.Helper()
	rows := 100 + k.rand.IntN(2000)
	if k.rand.IntN(4) == 0 {
		rows *= 20
	}
	k.onTenants(t, l.externalName, "SET ROLE "+pgx.Identifier{l.username}.Sanitize(),
		"CREATE TABLE content (n bigserial PRIMARY KEY, v text NOT NULL)",
		fmt.Sprintf("INSERT INTO content (v) SELECT md5(i::text || '%d') FROM generate_series(1, %d) AS i", k.rand.Uint32(), rows),
		"CREATE INDEX content_by_text ON content (v)",
		"CREATE VIEW recent AS SELECT * FROM content ORDER BY n DESC LIMIT 10")
	l.content = []string{k.fingerprint(t, l)}
}

// write changes the content.
func (k *torture) write(t *testing.T, l *live) {
	t.Helper()
	if l.content[0] != nothing {
		k.onTenants(t, l.externalName, fmt.Sprintf("INSERT INTO content (v) VALUES ('%d')", k.rand.Uint32()))
		l.content = []string{k.fingerprint(t, l)}
	}
}

// empty removes the content.
func (k *torture) empty(t *testing.T, l *live) {
	t.Helper()
	k.onTenants(t, l.externalName, "DROP TABLE IF EXISTS content CASCADE")
	l.content = []string{nothing}
}

// nothing is the fingerprint of an empty database.
const nothing = "nothing"

// fingerprint tells everything that a tenant sees of the content, and whose it is.
func (k *torture) fingerprint(t *testing.T, l *live) (made string) {
	t.Helper()
	var owners []string
	require.NoError(t, k.ask(t.Context(), "tenants", l.externalName, func(conn *pgx.Conn) error {
		relations := ""
		err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(relkind::text || ' ' || relname, ', ' ORDER BY relname), ''),
			coalesce(array_agg(DISTINCT relowner::regrole::text), '{}') FROM pg_class WHERE relnamespace = 'public'::regnamespace`).Scan(&relations, &owners)
		if err != nil || relations == "" {
			made = nothing
			return err
		}
		return conn.QueryRow(t.Context(), `SELECT $1::text || ': ' || count(*) || ' rows ' || md5(string_agg(n || v, ',' ORDER BY n))
			|| ', next ' || (SELECT last_value FROM content_n_seq) || ', ' || (SELECT count(*) FROM recent) || ' recent' FROM content`, relations).Scan(&made)
	}))
	if made != nothing && !slices.Equal(owners, []string{l.username}) {
		k.violatef("content: that of %s belongs to %q instead of %s", l.externalName, owners, l.username)
	}
	return made
}

// judgeContents looks into what was changed, and into some others.
func (k *torture) judgeContents(t *testing.T) (bad []string) {
	t.Helper()
	others := 3
	for _, id := range slices.Sorted(maps.Keys(k.live)) {
		l := k.live[id]
		if l.looked {
			if others--; others < 0 {
				continue
			}
		}
		l.looked = true
		if there, err := k.there(t, l.externalName); err != nil || !there {
			continue // judge has said so
		}
		got := k.fingerprint(t, l)
		if !slices.Contains(l.content, got) {
			bad = append(bad, fmt.Sprintf("content: %s has %q instead of %q", l.externalName, got, l.content))
			continue
		}
		l.content = []string{got}
	}
	return bad
}

func (k *torture) there(t *testing.T, name string) (there bool, err error) {
	t.Helper()
	err = k.ask(t.Context(), "tenants", "postgres", func(conn *pgx.Conn) error {
		return conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there)
	})
	return there, err
}

// judgeAccess compares the lines of pg_hba.conf that the server goes by.
func (k *torture) judgeAccess(t *testing.T) (bad []string) {
	t.Helper()
	var got, want []string
	for _, l := range k.live {
		for _, c := range l.cidrs {
			want = append(want, l.externalName+" all "+c)
		}
	}
	require.NoError(t, k.ask(t.Context(), "tenants", "postgres", func(conn *pgx.Conn) error {
		rows, err := conn.Query(t.Context(), `SELECT array_to_string(database, ','), array_to_string(user_name, ','), address, netmask
			FROM pg_hba_file_rules WHERE error IS NOT NULL OR type <> 'local' AND database <> '{all}'`)
		if err != nil {
			return err
		}
		var database, users, address, mask string
		_, err = pgx.ForEachRow(rows, []any{&database, &users, &address, &mask}, func() error {
			got = append(got, database+" "+users+" "+cidr(address, mask))
			return nil
		})
		return err
	}))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		bad = append(bad, fmt.Sprintf("access: pg_hba.conf has %q instead of %q", got, want))
	}
	return bad
}

func cidr(address, mask string) string {
	a, err := netip.ParseAddr(address)
	m, maskErr := netip.ParseAddr(mask)
	if err != nil || maskErr != nil {
		return address + " " + mask
	}
	ones := 0
	for _, b := range m.AsSlice() {
		ones += strings.Count(strconv.FormatUint(uint64(b), 2), "1")
	}
	return netip.PrefixFrom(a, ones).String()
}

// judgeTraces looks for programs and sessions of jobs that are over.
func (k *torture) judgeTraces(t *testing.T) (bad []string) {
	t.Helper()
	port := ""
	if dsn, err := k.dsn("tenants", "postgres"); err == nil {
		_, port, _ = strings.Cut(dsn, " port=")
		port, _, _ = strings.Cut(port, " ")
	}
	look := func() error {
		for pid, p := range processes() {
			if p.name != "pg_dump" && p.name != "pg_restore" {
				continue
			}
			env, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ")) // it may just end
			if slices.Contains(strings.Split(string(env), "\x00"), "PGPORT="+port) {
				return fmt.Errorf("%s still runs", p.name)
			}
		}
		var sessions string
		err := k.ask(t.Context(), "tenants", "postgres", func(conn *pgx.Conn) error {
			return conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(usename || ' ' || application_name, ', '), '') FROM pg_stat_activity
				WHERE backend_type = 'client backend' AND (usename <> 'mpanel' OR application_name LIKE 'mpanel job%')`).Scan(&sessions)
		})
		if err == nil && sessions != "" {
			err = fmt.Errorf("sessions of nobody: %s", sessions)
		}
		return err
	}
	var err error
	for range 40 { // what was closed takes a moment to go
		if err = look(); err == nil {
			return nil
		}
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return []string{fmt.Sprintf("left over: %v", err)}
}

// judgeBytes adds up what the panel counts of each customer's databases, and
// compares what it measured with the server.
func (k *torture) judgeBytes(t *testing.T) (bad []string) {
	t.Helper()
	wrong, err := k.tell(t.Context(), `SELECT string_agg(customer_id || ' counts ' || used || ' of ' || owned, '; ') FROM (
		SELECT q.customer_id, q.used, (SELECT coalesce(sum(d.counted_bytes), 0) FROM databases AS d
			JOIN customer_tree AS t ON t.customer_id = d.customer_id WHERE t.ancestor_id = q.customer_id) AS owned
		FROM customer_quotas AS q WHERE q.name = 'DATABASE_BYTES') AS sums WHERE used <> owned`)
	require.NoError(t, err)
	if wrong != "" {
		bad = append(bad, "bytes: "+wrong)
	}
	return bad
}
