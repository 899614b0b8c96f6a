package keys

import (
	"cmp"
	"slices"
)

// A Column holds values that are encrypted under data keys.
type Column struct {
	Table, Column string
	// Member is which member of a jsonb column has the value, in base64; "" for a
	// bytea column, which is the value.
	Member string
	// Place is the first part of what each value is sealed for: "databases.verifier"
	// of "databases.verifier/<id of the row>". No two columns share one.
	Place string
	// Was is Place as it was for values that no data key has, where it was another.
	Was string
	// RowID is the column that tells rows apart, "" for "id"; RowType is its type,
	// "" for "uuid".
	RowID, RowType string
}

func (c Column) rowID() string   { return cmp.Or(c.RowID, "id") }
func (c Column) rowType() string { return cmp.Or(c.RowType, "uuid") }

// columns are all that a rotation moves. What is not here would be lost with its
// key, so a test compares it with the schema: each bytea that is called *_sealed.
var columns = []Column{
	{Table: "database_servers", Column: "admin_password_sealed", Place: "database_servers.admin_password"},
	{Table: "databases", Column: "verifier_sealed", Place: "databases.verifier"},
	{Table: "databases", Column: "next_verifier_sealed", Place: "databases.next_verifier", Was: "databases.verifier"},
	{Table: "databases", Column: "previous_verifier_sealed", Place: "databases.previous_verifier", Was: "databases.verifier"},
	{Table: "database_users", Column: "verifier_sealed", Place: "database_users.verifier"},
	{Table: "database_users", Column: "before", Member: "verifier_sealed", Place: "database_users.before", Was: "database_users.verifier"},
	{Table: "database_users", Column: "tried", Member: "verifier_sealed", Place: "database_users.tried", Was: "database_users.verifier"},
	{Table: "user_totp", Column: "secret_sealed", Place: "user_totp.secret", RowID: "user_id"},
	{Table: "mails", Column: "content_sealed", Place: "mails.content"},
	{Table: "acme_cache", Column: "value_sealed", Place: "acme_cache.value", RowID: "name", RowType: "text"},
}

// Columns are all that is encrypted under data keys.
func Columns() []Column { return slices.Clone(columns) }

// elsewhere are columns that are called *_sealed and that no data key has, each
// with the reason.
var elsewhere = map[string]string{
	"idempotency_keys.answer_sealed": "under the client's idempotency key as well, which is not kept; over after 15 minutes",
}
