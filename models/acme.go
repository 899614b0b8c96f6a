package models

import (
	"time"

	"github.com/uptrace/bun"
)

// An ACMECacheEntry is what nodes share of automatic certificates.
type ACMECacheEntry struct {
	bun.BaseModel `bun:"table:acme_cache,alias:ac"`

	Name        string    `bun:",pk"`
	ValueSealed []byte    `json:"-"`
	UpdatedAt   time.Time `bun:",nullzero,default:now()"`
}
