package models

import (
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// A ServerMinute is what a server was doing in a minute, on average.
type ServerMinute struct {
	bun.BaseModel `bun:"table:server_minutes,alias:minute"`

	ServerID ident.ServerID  `bun:"server_id,pk"`
	At       time.Time       `bun:",pk"` // where the minute begins
	Metrics  json.RawMessage // as package collect writes a sample
}
