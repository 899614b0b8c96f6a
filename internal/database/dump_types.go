package database

import (
	"time"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// Limits of dumps.
const (
	// MaxDumps of a database, exported and uploaded, at once.
	MaxDumps = 10
	// MaxUploadBytes is the largest upload, and the default of one.
	MaxUploadBytes = 20 << 30
	// ExportTTL is how long an exported dump is kept, UploadTTL an uploaded one.
	ExportTTL = 7 * 24 * time.Hour
	UploadTTL = 24 * time.Hour
	// LinkTTL is how long a one-time URL waits to be used.
	LinkTTL = 15 * time.Minute
	// ResumeTTL is how long a download that broke off can be gone on with.
	ResumeTTL = 10 * time.Minute
	// lostTTL is the same after the last byte was sent: it may not have arrived.
	lostTTL = time.Minute
	// maxResumes bounds how often.
	maxResumes = 20
	// An upload may unfold to unfoldFree bytes and unfoldRatio times its size: text
	// of real databases shrinks to a tenth, a bomb to a thousandth.
	unfoldFree  = 64 << 20
	unfoldRatio = 200
)

// Pages of dumps and their rows.
type (
	DumpConnection = page.Connection[*models.DatabaseDump]
	DumpEdge       = page.Edge[*models.DatabaseDump]
)

// ExportInput is the graph's ExportDatabaseInput.
type ExportInput struct {
	ID     ident.DatabaseID
	Format *models.DumpFormat
	DryRun bool `json:"-"`
}

// DumpPayload is a dump and the job at work on it. After a dry run only Preview
// is there.
type DumpPayload struct {
	Preview *engine.Preview
	Dump    *models.DatabaseDump
	Job     *models.Job
}

// DumpURLInput is the graph's CreateDatabaseDumpUrlInput.
type DumpURLInput struct{ ID ident.DatabaseDumpID }

// A DumpURLPayload has a one-time URL; it is nil in the answer to a repeated mutation.
type DumpURLPayload struct {
	Dump      *models.DatabaseDump
	URL       *string
	ExpiresAt *time.Time
}

// UploadInput is the graph's CreateDatabaseUploadInput.
type UploadInput struct {
	DatabaseID ident.DatabaseID
	SizeBytes  *int64
}

// DeleteDumpInput is the graph's DeleteDatabaseDumpInput.
type DeleteDumpInput struct{ ID ident.DatabaseDumpID }

// ImportInput is the graph's ImportDatabaseInput.
type ImportInput struct {
	ID      ident.DatabaseID
	DumpID  ident.DatabaseDumpID
	Replace bool
	DryRun  bool `json:"-"`
}

// CloneInput is the graph's CloneDatabaseInput.
type CloneInput struct {
	ID         ident.DatabaseID
	Name       string
	CustomerID *ident.CustomerID
	DryRun     bool `json:"-"`
}

// ClonePayload is the graph's CloneDatabasePayload. After a dry run only Preview
// is there.
type ClonePayload struct {
	Preview     *engine.Preview
	Database    *models.Database
	Credentials *Credentials // nil in the answer to a repeated mutation
	Job         *models.Job
}

// Validate checks every field.
func (in ExportInput) Validate() error {
	if f := in.Format; f != nil && *f != models.DumpPlain && *f != models.DumpPlainGzip && *f != models.DumpCustom {
		return fault.Invalid.New("format", "There is no such format.")
	}
	return nil
}

// Validate checks every field.
func (in UploadInput) Validate() error {
	if n := in.SizeBytes; n != nil && (*n < 1 || *n > MaxUploadBytes) {
		return fault.Invalid.New("sizeBytes", "Between 1 and %d bytes.", int64(MaxUploadBytes))
	}
	return nil
}

// Validate checks every field.
func (in CloneInput) Validate() error { return fault.Join(checkName(in.Name)) }

// unfolded bounds what a dump of that many bytes may have in it. What the panel
// exported itself is bounded by its own count.
func unfolded(row *models.DatabaseDump) DumpLimit {
	if row.SizeBytes == nil || row.Origin == models.DumpExport {
		return DumpLimit{}
	}
	return DumpLimit{RawBytes: unfoldFree + unfoldRatio**row.SizeBytes}
}
