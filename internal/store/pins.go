package store

import (
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
)

// pinnedTo tells by the column of a row's customer which rows hang on one of the
// pinned objects. What is not here, such as customers' members, hangs on none: a new
// table is closed to those who are pinned until it is entered.
var pinnedTo = map[bun.Ident]string{
	// A database's users and dumps are read together with it.
	"d.customer_id": "d.id = ANY (?0)",
	"a.customer_id": "a.object_id = ANY (?0)",
	"f.customer_id": "f.database_id = ANY (?0)",
	"j.customer_id": "(j.resource_id = ANY (?0) OR j.resource_id IN (SELECT of_user.id FROM database_users AS of_user WHERE of_user.database_id = ANY (?0)))",
}

// pinnedCustomers are those of pinned objects, which are seen with them. They are not
// there for what changes something: nothing is made by those who are pinned.
const pinnedCustomers = "c.id IN (SELECT of_pin.customer_id FROM databases AS of_pin WHERE of_pin.id = ANY (?0))"

// pinned keeps the rows that hang on one of the pins.
func pinned(q *bun.SelectQuery, p actor.Permission, column bun.Ident, pins any) *bun.SelectQuery {
	condition, known := pinnedTo[column]
	if column == "c.id" && strings.HasSuffix(string(p), "_READ") {
		condition, known = pinnedCustomers, true
	}
	if !known {
		// The pins are in it nevertheless, since a parameter must be in the text.
		return q.Where("(FALSE AND ?0 IS NULL)", pins)
	}
	//allow:sql of the conditions above
	return q.Where(condition, pins)
}
