package pgprov

import (
	"context"
	"fmt"
	"time"

	"github.com/mpanel/mpanel/internal/fault"
)

const (
	endEvery = 50 * time.Millisecond
	endLimit = 5 * time.Second
)

// sessions are those of one role or in one database.
type sessions struct {
	column string // of pg_stat_activity: usesysid or datid
	oid    uint32
	of     string // for people
}

// terminate asks sessions to end, open transactions or not, and tells how many
// there were. An admin who is not a superuser may not end a superuser's, and
// asking for it would fail for all. The server's own workers have no user.
func (s *server) terminate(ctx context.Context, which sessions) (int, error) {
	var n int
	err := s.queryRow(ctx, "end sessions of "+which.of, `
SELECT count(pg_terminate_backend(a.pid))
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.`+which.column+` = $1 AND a.pid <> pg_backend_pid()
  AND (current_setting('is_superuser') = 'on' OR NOT r.rolsuper)`, []any{which.oid}, &n)
	return n, err
}

// end ends sessions and waits until they are gone. It wants to see none twice:
// one that was let in just before the door closed shows up a moment later.
func (s *server) end(ctx context.Context, which sessions) error {
	limit := time.NewTimer(endLimit)
	defer limit.Stop()
	tick := time.NewTicker(endEvery)
	defer tick.Stop()

	for empty := 0; ; {
		n, err := s.terminate(ctx, which)
		if err != nil {
			return err
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty == 2 {
			return nil
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return fmt.Errorf("end sessions of %s: %d are left after %s", which.of, n, endLimit)
		case <-ctx.Done():
			return s.wrap(ctx.Err(), "end sessions of "+which.of)
		}
	}
}

// rename gives a database another name and ends its sessions meanwhile. The
// server holds new sessions back while it waits for the old ones to go, so that
// a client that connects again and again cannot get in its way.
func (s *server) rename(ctx context.Context, oid uint32, from, to string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	renamed := make(chan error, 1)
	go func() {
		renamed <- s.change(ctx, stmt{"rename database " + from, "ALTER DATABASE " + ident(from) + " RENAME TO " + ident(to)})
	}()

	tick := time.NewTicker(endEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-renamed:
			return err
		case <-tick.C:
		}
		if _, err := s.terminate(ctx, sessions{column: "datid", oid: oid, of: "database " + from}); err != nil {
			cancel()
			if <-renamed == nil {
				return nil
			}
			return err
		}
	}
}

func spaceTaken() error {
	return fault.Conflict.Permanent("name", "The server already has a database of that name.")
}
