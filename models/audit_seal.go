package models

import (
	"time"

	"github.com/uptrace/bun"
)

// An AuditSeal links audit entries by hashes to all before them. It is only ever
// inserted.
type AuditSeal struct {
	bun.BaseModel `bun:"table:audit_seals,alias:s"`

	Seq     int64     `bun:",pk"`
	At      time.Time `bun:",nullzero,default:clock_timestamp()"`
	Version int       // of how an entry is written as bytes
	Epoch   int64     // whose transactions are counted
	Floor   int64     // entries up to this id were written before that server counted
	Tx      int64     // with LastID, the place after which the next seal goes on
	LastID  int64     `bun:"last_id"`
	IDs     []int64   `bun:"ids,array"`
	Links   []byte    // 32 bytes for each entry
	Entries int64     // sealed so far, with these
	Hash    []byte    // 32 bytes
}
