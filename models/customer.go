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
const QuotaDatabases QuotaName = "DATABASES"

// QuotaNames lists the quotas that every customer has a counter for.
func QuotaNames() []QuotaName { return []QuotaName{QuotaDatabases} }

// A Quota is a counter over a customer and everything below it.
type Quota struct {
	bun.BaseModel `bun:"table:customer_quotas,alias:q"`

	CustomerID ident.CustomerID `bun:"customer_id,pk"`
	Name       QuotaName        `bun:"name,pk"`
	Used       int64
	Max        *int64 // nil: no limit
}
