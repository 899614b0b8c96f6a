package pgprov

import (
	"context"
	"fmt"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

// ObservePublished tells whether our database bears Name.
func (s *server) ObservePublished(ctx context.Context, sp database.Space) (engine.Observed, error) {
	if err := checkSpace(sp); err != nil {
		return engine.Observed{}, err
	}
	f, err := s.lookSpace(ctx, sp)
	switch {
	case err != nil:
		return engine.Observed{}, err
	case f.isOurs(f.named):
		return engine.Observed{State: engine.Matches}, nil
	case f.named.exists():
		return f.absentOrForeign(), nil
	}
	return engine.Observed{State: engine.Absent}, nil
}

// PublishSpace renames the database from WorkName to Name, ending its sessions.
func (s *server) PublishSpace(ctx context.Context, sp database.Space) error {
	if err := checkSpace(sp); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		switch {
		case err != nil:
			return err
		case f.isOurs(f.named):
			return nil
		case f.foreign():
			return spaceTaken()
		case !f.working.exists():
			return fmt.Errorf("publish database %s: it does not exist", sp.Name)
		case f.working.mark == "":
			// Under another name nothing would tell that it is ours.
			return fmt.Errorf("publish database %s: it does not bear its mark yet", sp.Name)
		}
		return s.rename(ctx, f.working.oid, sp.WorkName, sp.Name)
	})
}

// WithdrawSpace renames the database back, ending its sessions. A missing or
// foreign database is left alone.
func (s *server) WithdrawSpace(ctx context.Context, sp database.Space) error {
	if err := checkSpace(sp); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		switch {
		case err != nil:
			return err
		case !f.isOurs(f.named):
			return nil
		case f.working.exists():
			return spaceTaken()
		}
		return s.rename(ctx, f.named.oid, sp.Name, sp.WorkName)
	})
}
