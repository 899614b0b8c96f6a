package store

import (
	"sync"

	"github.com/jinzhu/inflection"
	"github.com/uptrace/bun/schema"
)

// sayTables takes the rules of English from bun, which would make the name of a table
// of that of a struct by them. All models say theirs. The rules are compiled when the
// process starts, and were a tenth of all that lives in it for long, of which the
// collector lets three times as much be there.
var sayTables = sync.OnceFunc(func() {
	schema.SetTableNameInflector(func(name string) string { return name })
	inflection.SetPlural(nil)
	inflection.SetSingular(nil)
	inflection.SetIrregular(nil)
	inflection.SetUncountable(nil)
})
