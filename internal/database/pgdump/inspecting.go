package pgdump

import (
	"context"
	"errors"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// Capability is the name of what Inspecting adds.
const Capability = "pg_dump"

// Inspecting is a Dialer whose inspections also tell whether this machine can
// dump the server's databases.
func Inspecting(d database.Dialer, tools database.DumpTools) database.Dialer {
	return inspecting{d, tools}
}

type inspecting struct {
	database.Dialer

	tools database.DumpTools
}

func (i inspecting) Inspect(ctx context.Context, a database.Address) (database.Inspection, error) {
	seen, err := i.Dialer.Inspect(ctx, a)
	if err != nil || seen.Version == "" {
		return seen, err
	}
	c := &database.Capability{Name: Capability, Available: true}
	if missing, ok := errors.AsType[*fault.Error](i.tools.Check(seen.Version)); ok {
		c.Available, c.Hint = false, &missing.Message
	}
	seen.Capabilities = append(seen.Capabilities, c)
	return seen, nil
}
