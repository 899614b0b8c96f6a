package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// A Server is a machine. Those of today are the hosts of the panel's own nodes.
type Server struct {
	bun.BaseModel `bun:"table:servers,alias:srv"`

	ID          ident.ServerID `bun:"id,pk"`
	Node        *string        // nil when it is no node's host
	Name        string
	OSName      *string `bun:"os_name"` // nil when it does not tell
	CPUCount    *int    `bun:"cpu_count"`
	MemoryBytes *int64
	CreatedAt   time.Time `bun:",nullzero,default:now()"`
	UpdatedAt   time.Time `bun:",nullzero,default:now()"`
}
