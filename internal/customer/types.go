package customer

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Limits of a customer's fields, in characters; an address in bytes.
const (
	MaxNameLen  = 200
	MaxEmailLen = 254
	// MaxDepth is how many resellers may stand above a customer.
	MaxDepth = 8
)

// Connection is a page of customers, and Edge a row of it.
type (
	Connection = page.Connection[*models.Customer]
	Edge       = page.Edge[*models.Customer]
)

// CreateInput is the graph's CreateCustomerInput.
type CreateInput struct {
	Name     string
	Email    string
	Company  *string
	Country  *string
	ParentID *ident.CustomerID
	Quotas   []*QuotaInput
}

// UpdateInput is the graph's UpdateCustomerInput. Nil leaves a field as it is;
// an empty company or country clears it.
type UpdateInput struct {
	ID      ident.CustomerID
	Name    *string
	Email   *string
	Company *string
	Country *string
	Quotas  []*QuotaInput
}

// ArchiveInput is the graph's ArchiveCustomerInput.
type ArchiveInput struct{ ID ident.CustomerID }

// QuotaInput sets one limit; a nil Max is no limit.
type QuotaInput struct {
	Name models.QuotaName
	Max  *int64
}

// SuspendInput is the graph's SuspendCustomerInput.
type SuspendInput struct {
	ID     ident.CustomerID
	Reason string
	DryRun bool `json:"-"`
}

// ResumeInput is the graph's ResumeCustomerInput.
type ResumeInput struct {
	ID     ident.CustomerID
	DryRun bool `json:"-"`
}

// JobPayload is what a suspension or resumption returns. After a dry run Job is
// nil, and Customer as it is or, of a suspension, nil.
type JobPayload struct {
	Customer *models.Customer
	Job      *models.Job
	Preview  *engine.Preview
}

// Validate checks the reason.
func (in SuspendInput) Validate() error {
	if n := utf8.RuneCountInString(in.Reason); strings.TrimSpace(in.Reason) == "" || n > MaxReasonLen {
		return fault.Invalid.New("reason", "Say why, in 1 to %d characters; the customer reads it.", MaxReasonLen)
	}
	return fault.Join(store.CheckText("reason", &in.Reason))
}

// Payload is what every mutation of a customer returns.
type Payload struct{ Customer *models.Customer }

// Filter is the graph's CustomerFilter.
type Filter struct {
	Search     *string
	State      *models.CustomerState
	Country    *string
	QuotaLevel *models.QuotaLevel // at least
}

// Order is the graph's CustomerOrder.
type Order struct {
	Field     OrderField
	Direction page.Direction
}

// OrderField is a column that customers can be sorted by.
type OrderField string

// The columns.
const (
	OrderName      OrderField = "NAME"
	OrderEmail     OrderField = "EMAIL"
	OrderCreatedAt OrderField = "CREATED_AT"
)

// Validate checks every field; all that is wrong comes together.
func (in CreateInput) Validate() error {
	return fault.Join(append(checkQuotas(in.Quotas),
		checkName("name", in.Name), checkEmail(in.Email), checkCompany(in.Company), checkCountry(in.Country))...)
}

// Validate checks the fields that are given.
func (in UpdateInput) Validate() error {
	faults := append(checkQuotas(in.Quotas), checkCompany(in.Company), checkCountry(in.Country))
	if in.Name != nil {
		faults = append(faults, checkName("name", *in.Name))
	}
	if in.Email != nil {
		faults = append(faults, checkEmail(*in.Email))
	}
	return fault.Join(faults...)
}

func checkName(field, s string) *fault.Error {
	switch {
	case !strings.ContainsFunc(s, visibly):
		return fault.Invalid.New(field, "Give a name.")
	case strings.TrimSpace(s) != s:
		return fault.Invalid.New(field, "Remove the spaces at the ends.")
	case !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxNameLen:
		return fault.Invalid.New(field, "At most %d characters.", MaxNameLen)
	case strings.ContainsFunc(s, controls):
		return fault.Invalid.New(field, "Line breaks and control characters are not allowed.")
	}
	return nil
}

// visibly tells whether a person sees something there.
func visibly(r rune) bool { return unicode.IsPrint(r) && r != ' ' }

// controls tells whether a character changes how what stands around it is read.
func controls(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func checkEmail(s string) *fault.Error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > MaxEmailLen || strings.ContainsFunc(s, unicode.IsControl) {
		return fault.Invalid.New("email", "Give one e-mail address, such as jane@example.com, of at most %d characters.", MaxEmailLen)
	}
	return nil
}

func checkCompany(s *string) *fault.Error {
	if s == nil || *s == "" {
		return nil
	}
	return checkName("company", *s)
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func checkCountry(s *string) *fault.Error {
	if s == nil || *s == "" || countryCode.MatchString(*s) {
		return nil
	}
	return fault.Invalid.New("country", "Give the ISO 3166 code of two capital letters, such as DE.")
}

func checkQuotas(list []*QuotaInput) (faults []*fault.Error) {
	seen := map[models.QuotaName]bool{}
	for _, q := range list {
		switch {
		case seen[q.Name]:
			faults = append(faults, fault.Invalid.New("quotas", "%s is given twice.", q.Name))
		case q.Max != nil && (*q.Max < 0 || *q.Max > 1<<53):
			faults = append(faults, fault.Invalid.New("quotas", "%s: a limit is 0 or more; leave it out for no limit.", q.Name))
		}
		seen[q.Name] = true
	}
	return faults
}
