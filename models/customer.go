package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// CustomerState is a column of customers.
type CustomerState string

// The states of a customer.
const (
	CustomerActive    CustomerState = "ACTIVE"
	CustomerSuspended CustomerState = "SUSPENDED"
	CustomerArchived  CustomerState = "ARCHIVED"
)

// A Customer buys hosting; a reseller is a customer with customers below it.
type Customer struct {
	bun.BaseModel `bun:"table:customers,alias:c"`

	ID        ident.CustomerID `bun:"id,pk"`
	Number    int64            `bun:"number,autoincrement"` // given by the database
	ParentID  ident.CustomerID `bun:"parent_id,nullzero"`
	Name      string
	Email     string
	Company   *string
	Country   *string // ISO 3166-1 alpha-2
	State     CustomerState
	Suspended bool      // the wish; State follows
	CreatedAt time.Time `bun:",nullzero,default:now()"`
	UpdatedAt time.Time `bun:",nullzero,default:now()"`

	SuspendReason *string
}

// QuotaName is a resource that customers have a number of.
type QuotaName string

// The quotas that are counted.
const (
	QuotaDatabases     QuotaName = "DATABASES"
	QuotaDatabaseBytes QuotaName = "DATABASE_BYTES" // as measured last
)

// QuotaNames lists the quotas that every customer has a counter for, in the
// order in which a transaction moves them.
func QuotaNames() []QuotaName { return []QuotaName{QuotaDatabases, QuotaDatabaseBytes} }

// A Quota is a counter over a customer and everything below it.
type Quota struct {
	bun.BaseModel `bun:"table:customer_quotas,alias:q"`

	CustomerID ident.CustomerID `bun:"customer_id,pk"`
	Name       QuotaName        `bun:"name,pk"`
	Used       int64
	Max        *int64     // nil: no limit
	Level      QuotaLevel `bun:",nullzero,default:'NORMAL'"` // the database's to say: it follows Used and Max
}

// QuotaLevel is how far a quota is used.
type QuotaLevel string

// The levels. What is exceeded stays so until less than 90 % is used.
const (
	QuotaNormal   QuotaLevel = "NORMAL"
	QuotaWarning  QuotaLevel = "WARNING"  // 80 % or more
	QuotaCritical QuotaLevel = "CRITICAL" // 95 % or more
	QuotaExceeded QuotaLevel = "EXCEEDED" // more than 100 %
)
