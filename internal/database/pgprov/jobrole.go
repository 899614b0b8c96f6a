package pgprov

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

func checkJobRole(r database.JobRole) error {
	if err := checkLogin(r.Login); err != nil {
		return err
	}
	return checkOpening(r.Space)
}

// GrantJobRole makes the role a member of the database's own login: it may do
// there what that may, and nothing else anywhere.
func (s *server) GrantJobRole(ctx context.Context, r database.JobRole) (string, error) {
	if err := errors.Join(checkJobRole(r), checkWish(r.Login)); err != nil {
		return "", err
	}
	var name string
	err := settle(func() error {
		f, err := s.lookSpace(ctx, r.Space)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		switch {
		case !ok && f.foreign():
			return spaceTaken()
		case !ok || b.limit == invalidLimit:
			return fmt.Errorf("let a job into database %s: it does not exist", r.Space.Name)
		case f.loginMark == nil:
			return fmt.Errorf("let a job into database %s: role %s does not exist", r.Space.Name, r.Space.Login)
		case *f.loginMark != r.Space.Mark:
			return roleTaken()
		}
		name = b.name
		found, err := s.lookRole(ctx, r.Login.Name, false)
		if err != nil {
			return err
		}
		role := ident(r.Login.Name)
		first := []stmt{waitForEarlier(r.Login.Name)}
		switch {
		case !found.exists():
			first = append(first,
				stmt{"create role " + r.Login.Name, "CREATE ROLE " + role + attributes(r.Login, true)},
				stmt{"mark role " + r.Login.Name, "COMMENT ON ROLE " + role + " IS " + literal(r.Login.Mark)})
		case found.mark != r.Login.Mark:
			return roleTaken()
		default:
			if err := s.disable(ctx, r.Login, found); err != nil {
				return err
			}
			first = append(first, stmt{"change role " + r.Login.Name, "ALTER ROLE " + role + attributes(r.Login, found.superuser)})
		}
		if err := s.joinFor(ctx, f, r.Space.Login); err != nil {
			return err
		}
		if err := engine.Point(ctx, "letting-in"); err != nil {
			return err
		}
		return s.change(ctx, append(first,
			tempFileLimit(r.Login),
			stmt{"limit the time of role " + r.Login.Name, "ALTER ROLE " + role + " VALID UNTIL " + literal(r.Until.UTC().Format(time.RFC3339))},
			stmt{"let role " + r.Login.Name + " act as " + r.Space.Login, "GRANT " + ident(r.Space.Login) + " TO " + role})...)
	})
	return name, err
}

// DropJobRole leaves nothing of the role: what it may have made in its own name
// is the tenant's.
func (s *server) DropJobRole(ctx context.Context, r database.JobRole) error {
	if err := checkJobRole(r); err != nil {
		return err
	}
	if err := s.change(ctx, waitForEarlier(r.Login.Name)); err != nil {
		return err
	}
	err := settle(func() error {
		found, err := s.lookRole(ctx, r.Login.Name, false)
		if err != nil || !found.exists() || found.mark != r.Login.Mark {
			return err
		}
		if err := s.disable(ctx, r.Login, found); err != nil {
			return err
		}
		if err := engine.Point(ctx, "disabled"); err != nil {
			return err
		}
		f, err := s.lookSpace(ctx, r.Space)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		if !ok || b.limit == invalidLimit || f.loginMark == nil || *f.loginMark != r.Space.Mark {
			return nil
		}
		if err := s.joinFor(ctx, f, r.Space.Login, r.Login.Name); err != nil {
			return err
		}
		return s.enter(ctx, f, b, func(conn *pgx.Conn) error {
			return s.handOver(ctx, conn, "handing-over", r.Login.Name, ident(r.Space.Login))
		})
	})
	if err != nil {
		return err
	}
	return s.DropLogin(ctx, r.Login)
}

// Committed asks for the outcome of a transaction; the server knows it for as
// long as its commit log reaches back.
func (s *server) Committed(ctx context.Context, xid string) (bool, error) {
	var outcome string
	err := s.queryRow(ctx, "ask what became of a transaction", "SELECT coalesce(pg_xact_status($1::text::xid8), 'unknown')", []any{xid}, &outcome)
	switch {
	case err != nil:
		return false, err
	case outcome == "committed":
		return true, nil
	case outcome == "aborted":
		return false, nil
	}
	return false, fmt.Errorf("transaction %s is %s", xid, outcome)
}
