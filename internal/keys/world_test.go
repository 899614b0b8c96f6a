package keys_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	oldKey = secret.New(strings.Repeat("old-key-", 8))
	newKey = secret.New(strings.Repeat("new-key-", 8))
)

const (
	every    = 20 * time.Millisecond
	waitLong = 10 * time.Second
	waitTick = 10 * time.Millisecond
)

// A world is a panel's database with values in every column that has any.
type world struct {
	t      *testing.T
	db     *store.DB
	server ident.DatabaseServerID
	rows   []string // ids of databases, each with a login, a person and a mail of the same id
}

func newWorld(t *testing.T, databases int, box *secret.Box) *world {
	t.Helper()
	w := &world{t: t, db: testkit.DB(t)}
	w.fill(databases, box)
	return w
}

// plain is what is sealed in a column of a row at first.
func plain(c keys.Column, row string) string {
	return "canary " + c.Table + "." + c.Column + " of " + row
}

func (w *world) fill(databases int, box *secret.Box) {
	w.t.Helper()
	w.server = ident.NewDatabaseServerID()
	customer := &models.Customer{ID: ident.NewCustomerID(), Name: "Acme", Email: "acme@example.com", State: models.CustomerActive}
	_, err := w.db.NewInsert().Model(customer).ExcludeColumn("number").Exec(w.t.Context())
	require.NoError(w.t, err)
	w.exec("INSERT INTO database_servers (id, name, host, port, admin_user, admin_password_sealed) VALUES (?, 'db', 'db.test', 5432, 'admin', ?)",
		w.server, []byte("set below"))
	for _, name := range names {
		w.exec("INSERT INTO acme_cache (name, value_sealed) VALUES (?, '')", name)
	}
	for i := range databases {
		id := ident.NewDatabaseID()
		w.rows = append(w.rows, id.String())
		w.exec("INSERT INTO databases (id, customer_id, server_id, name, ext_name, username, connection_limit, state, verifier_sealed) VALUES (?, ?, ?, ?, ?, ?, 10, 'ACTIVE', '')",
			id, customer.ID, w.server, fmt.Sprintf("d%d", i), fmt.Sprintf("c1_d%d", i), fmt.Sprintf("c1_d%d", i))
		w.exec("UPDATE databases SET previous_username = 'c0', previous_until = now() + interval '1 day', previous_verifier_sealed = '' WHERE id = ?", id)
		w.exec("INSERT INTO database_users (id, database_id, server_id, name, username, rights, verifier_sealed, connection_limit, state, before, tried) VALUES (?0, ?0, ?1, 'ann', ?2, 'OWNER', '', 10, 'ACTIVE', ?3, ?3)",
			id, w.server, fmt.Sprintf("u1_d%d", i), `{"rights": "OWNER", "connection_limit": 5}`)
		w.exec("INSERT INTO users (id, email, name, password_hash) VALUES (?, ?, 'Ann', 'none')", id, fmt.Sprintf("%s@example.com", id))
		w.exec("INSERT INTO user_totp (user_id, secret_sealed, created_at) VALUES (?, '', now())", id)
		w.exec("INSERT INTO mails (id, kind, user_id, content_sealed, state, expires_at) VALUES (?0, 'RESET_PASSWORD', ?0, '', 'PENDING', now() + interval '1 day')", id)
	}
	for _, c := range keys.Columns() {
		for _, row := range w.rowsOf(c) {
			w.write(c, row, box.Seal(secret.New(plain(c, row)), c.Place+"/"+row))
		}
	}
}

func (w *world) rowsOf(c keys.Column) []string {
	switch c.Table {
	case "database_servers":
		return []string{w.server.String()}
	case "acme_cache":
		return names
	}
	return w.rows
}

// names are rows whose ids are text.
var names = []string{"acme_account+key", "panel.example.com"}

func idOf(c keys.Column) bun.Ident {
	if c.RowID != "" {
		return bun.Ident(c.RowID)
	}
	return "id"
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), q, args...)
	require.NoError(w.t, err)
}

func (w *world) write(c keys.Column, row string, sealed []byte) {
	w.t.Helper()
	require.NoError(w.t, w.tryWrite(w.t.Context(), c, row, sealed))
}

func (w *world) tryWrite(ctx context.Context, c keys.Column, row string, sealed []byte) (err error) {
	if c.Member == "" {
		_, err = w.db.ExecContext(ctx, "UPDATE ? SET ? = ? WHERE ? = ?", bun.Ident(c.Table), bun.Ident(c.Column), sealed, idOf(c), row)
	} else {
		_, err = w.db.ExecContext(ctx, "UPDATE ? SET ?1 = jsonb_set(?1, ARRAY[?2], to_jsonb(?3::text)) WHERE id = ?4",
			bun.Ident(c.Table), bun.Ident(c.Column), c.Member, base64.StdEncoding.EncodeToString(sealed), row)
	}
	return err
}

func (w *world) read(ctx context.Context, c keys.Column, row string) (sealed []byte, err error) {
	q := w.db.NewSelect().TableExpr("?", bun.Ident(c.Table)).Where("? = ?", idOf(c), row)
	if c.Member == "" {
		return sealed, q.ColumnExpr("?", bun.Ident(c.Column)).Scan(ctx, &sealed)
	}
	var text string
	if err := q.ColumnExpr("?->>?", bun.Ident(c.Column), c.Member).Scan(ctx, &text); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

// expectAll opens every value, which must be under the key.
func (w *world) expectAll(box *secret.Box, key uint32) {
	w.t.Helper()
	for _, c := range keys.Columns() {
		for _, row := range w.rowsOf(c) {
			sealed, err := w.read(w.t.Context(), c, row)
			require.NoError(w.t, err)
			require.Equal(w.t, key, secret.KeyOf(sealed), "%s of %s", c.Place, row)
			v, err := box.Open(sealed, c.Place+"/"+row)
			require.NoError(w.t, err, "%s of %s", c.Place, row)
			require.Equal(w.t, plain(c, row), v.Reveal())
		}
	}
}

func (w *world) values() int { return 1 + len(names) + 8*len(w.rows) }

func (w *world) open(box *secret.Box) *keys.Ring {
	w.t.Helper()
	r, err := keys.Open(w.t.Context(), keys.Config{DB: w.db, Box: box, Every: every, Log: slog.New(slog.DiscardHandler)})
	require.NoError(w.t, err)
	return r
}

func (w *world) keyIDs() (ids []uint32) {
	w.t.Helper()
	require.NoError(w.t, w.db.NewSelect().Table("encryption_keys").Column("id").OrderExpr("id").Scan(w.t.Context(), &ids))
	return ids
}

func boxOf(t *testing.T, key secret.Text, accepted ...secret.Text) *secret.Box {
	t.Helper()
	b, err := secret.NewBox(key, accepted...)
	require.NoError(t, err)
	return b
}

// rowsOfKeys are the data keys as a copy of the table has them.
func (w *world) rowsOfKeys() (all []secret.WrappedKey) {
	w.t.Helper()
	var rows []*models.EncryptionKey
	require.NoError(w.t, w.db.NewSelect().Model(&rows).OrderExpr("ek.id").Scan(w.t.Context()))
	for _, r := range rows {
		all = append(all, secret.WrappedKey{ID: uint32(r.ID), KeyID: r.SecretKeyID, Wrapped: r.Wrapped})
	}
	return all
}
