package models

import (
	"time"

	"github.com/uptrace/bun"
)

// An EncryptionKey is a data key, wrapped under the installation's secret key.
type EncryptionKey struct {
	bun.BaseModel `bun:"table:encryption_keys,alias:ek"`

	ID          int64      `bun:"id,pk"`
	SecretKeyID string     // which secret key it is wrapped under
	Wrapped     []byte     `json:"-"`
	CreatedAt   time.Time  `bun:",nullzero,default:now()"`
	RetiredAt   *time.Time // since when no value was found under it; nil: there may be some
}
