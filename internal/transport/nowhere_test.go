package transport_test

import (
	"context"
	"net/netip"
	"sync/atomic"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// anyTools can dump every server; nothing here runs a job.
type anyTools struct{ database.DumpTools }

func (anyTools) Check(string) error { return nil }

// nowhere is where all servers are away, unless they are to answer.
type nowhere struct{ answer *atomic.Bool }

func (n nowhere) Server(database.Address) database.Server {
	if n.answer.Load() {
		return empty{}
	}
	return away{}
}

// empty is a server that answers, and has nothing.
type empty struct{ database.Server }

func (empty) Version(context.Context) (string, error) { return "16.1", nil }

func (empty) Survey(context.Context, string, []database.Expected) (database.Survey, error) {
	return database.Survey{}, nil
}

func (nowhere) Inspect(context.Context, database.Address) (database.Inspection, error) {
	return database.Inspection{Problems: []string{"The server does not answer."}}, nil
}

func (nowhere) Forget(database.Address) {}

func (nowhere) Allowed(context.Context) (map[string][]netip.Prefix, error) {
	return nil, fault.Unavailable.New("", "The server does not answer.")
}

func (nowhere) Allow(context.Context, map[string][]netip.Prefix) error {
	return fault.Unavailable.New("", "The server does not answer.")
}

// away is a server that does not answer.
type away struct{ database.Server }

func (away) Version(context.Context) (string, error) {
	return "", fault.Unavailable.New("", "The server does not answer.")
}

func (away) Survey(context.Context, string, []database.Expected) (database.Survey, error) {
	return database.Survey{}, fault.Unavailable.New("", "The server does not answer.")
}
