package database

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job by which one login of a database takes over from another.
const (
	KindTakeOver = "database.rotate_with_grace"
	KindRetire   = "database.retire_login" // ordered when the grace is over
	KindGiveBack = "database.return_login"
)

// MaxLoginGraceSeconds is 30 days.
const MaxLoginGraceSeconds = 30 * 24 * 3600

// RetireEvery is how often logins are looked for whose grace is over: how much
// longer one works at most while its server answers.
const RetireEvery = 15 * time.Second

// A TakeOverServer has a database's login change its name with its password.
// What Server says of its methods holds here too.
type TakeOverServer interface {
	// TakeOver gives the role that old was the name and password of next, and makes
	// old a member that acts as it: everything is still its own, and both log in.
	// old.Space.Login is next's name.
	TakeOver(ctx context.Context, old Member, next Login) error
	// GiveBack ends the sessions of old, hands what it owns to next, and gives next
	// old's name and password.
	GiveBack(ctx context.Context, old Member, next Login) error
}

func (s *Service) loginPlans() []*engine.Plan {
	plan := func(kind string, load func(context.Context, uuid.UUID) (engine.Target, error), settle func(context.Context, store.Tx, uuid.UUID, models.JobState) error, steps ...engine.Step) *engine.Plan {
		return &engine.Plan{Kind: kind, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: load, Settle: settle, Steps: steps}
	}
	takeOver := plan(KindTakeOver, s.loadTakeOver, s.settleTakeOver, step{
		name: "take-over", policy: engine.Policy{Timeout: 30 * time.Second},
		observe: observeNothing, // it looks by itself, and at more than one role
		apply:   func(ctx context.Context, s *spec) error { return s.server.TakeOver(ctx, s.user, s.next) },
		undo: func(ctx context.Context, s *spec) error {
			return s.server.GiveBack(undoing(ctx), s.user, s.next)
		},
	})
	takeOver.Again = s.takeOverAgain
	retire := plan(KindRetire, s.loadPrevious, settleRetire, deleteUserSteps()...)
	retire.Needs = actor.ServersWrite // the promise that the old login ends is not the tenant's to break
	// Which objects were whose is not known any more once they are handed over.
	giveBack := plan(KindGiveBack, s.loadPrevious, s.settleGiveBack, step{
		name: "give-back", policy: engine.Policy{Timeout: time.Minute, Pivot: true},
		observe: observeNothing,
		apply:   func(ctx context.Context, s *spec) error { return s.server.GiveBack(ctx, s.user, s.login) },
	})
	return []*engine.Plan{takeOver, retire, giveBack}
}

// previous is the login before, as a member that acts as the login.
func (s *Service) previous(row *models.Database, login Login, in Space) (*Member, error) {
	if row.PreviousUsername == nil {
		return nil, nil
	}
	verifier, err := s.openVerifier(row, row.PreviousVerifierSealed, previousVerifierPlace(row.ID))
	if err != nil {
		return nil, err
	}
	login.Name, login.Verifier = *row.PreviousUsername, verifier
	return &Member{Login: login, Space: in, Rights: Owner}, nil
}

func (s *Service) loadTakeOver(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	target, err := s.load(ctx, id)
	if err != nil {
		return target, err
	}
	row := new(models.Database)
	if err := s.db.NewSelect().Model(row).Where("d.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database %s", id)
	}
	if row.NextUsername == nil {
		return engine.Target{}, fmt.Errorf("database %s has no next login", id)
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	sp.next.Name = *row.NextUsername
	sp.user = Member{Login: sp.login, Space: sp.space, Rights: Owner}
	sp.user.Space.Login = sp.next.Name
	return target, nil
}

func (s *Service) loadPrevious(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	target, err := s.load(ctx, id)
	if err != nil {
		return target, err
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	if sp.previous == nil {
		return engine.Target{}, fmt.Errorf("database %s has no previous login", id)
	}
	sp.user, sp.before = *sp.previous, *sp.previous
	return target, nil
}

// nextUsername is a name for a login that no database or user has or will have:
// databases' first ones begin with c, users' with u, and the number comes last.
func nextUsername(row *models.Database) (string, error) {
	name := "l" + row.ExtName[1:] + "_" + strconv.Itoa(row.LoginNumber)
	if len(name) > maxUsernameLen {
		return "", fault.Conflict.New("graceSeconds", "The database's name is too long for another login; rotate without a grace.")
	}
	return name, nil
}

// wishTakeOver writes the login to come of a locked row.
func wishTakeOver(row *models.Database, graceSeconds int) error {
	if row.PreviousUsername != nil {
		return fault.Conflict.New("graceSeconds", "The grace of the rotation before is not over; rotate without one, or take that one back.")
	}
	row.LoginNumber++
	name, err := nextUsername(row)
	row.NextUsername, row.NextGraceSeconds = &name, &graceSeconds
	return err
}

// KeepLogin takes a rotation back within its grace: the login before is the only
// one again, and what the new one owns is its own. Errors: fault.NotFound;
// fault.Conflict without a grace, unless the database is ACTIVE or DEGRADED, or
// while another job is at work on it.
func (s *Service) KeepLogin(ctx context.Context, in KeepLoginInput) (*ChangePayload, error) {
	return s.change(ctx, idempotency.Call{Mutation: "keepPreviousDatabaseLogin", Input: in, DryRun: in.DryRun}, in.ID, "database.keep_login", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error) {
		if err := mustBeOpen(ctx, tx, row); err != nil {
			return nil, err
		}
		runs, err := holds(ctx, tx, row, "coalesce(d.previous_until > now(), false)")
		if err != nil {
			return nil, err
		}
		if !runs {
			return nil, fault.Conflict.New("id", "This database has no login before that still works.")
		}
		if err := wish(ctx, tx, row); err != nil {
			return nil, err
		}
		return s.start(tx, who, KindGiveBack, row)
	})
}

// RetireLogins orders the end of every login whose grace is over. What is shut
// lets that login in no more than any other, and waits until it is open.
func (s *Service) RetireLogins(ctx context.Context) error {
	return s.enforce(ctx, KindRetire, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.previous_until <= now()").Where("NOT ("+shut+")").
			Where("d.state IN (?)", bun.List([]models.ResourceState{models.ResourceActive, models.ResourceDegraded}))
	})
}

func (s *Service) takeOverAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := openAgain(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if row.NextUsername == nil || row.PreviousUsername != nil {
		return 0, fault.Conflict.New("id", "The login that was shown is not kept any more; rotate anew.")
	}
	err = wish(ctx, tx, row)
	return row.Generation, err
}

// settleTakeOver begins the grace. When it failed what was shown is kept, so that
// another attempt makes it true.
func (s *Service) settleTakeOver(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	row, err := locked(ctx, tx, id)
	if err != nil || row == nil || row.NextUsername == nil {
		return err
	}
	previous, err := s.move(row, row.VerifierSealed, verifierPlace(row.ID), previousVerifierPlace(row.ID))
	if err != nil {
		return err
	}
	verifier, err := s.move(row, row.NextVerifierSealed, nextVerifierPlace(row.ID), verifierPlace(row.ID))
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).WherePK().
		Set("previous_username = username, previous_verifier_sealed = ?", previous).
		Set("previous_until = now() + next_grace_seconds * interval '1 second'").
		Set("username = next_username, verifier_sealed = ?", verifier).
		Set("next_username = NULL, next_verifier_sealed = NULL, next_grace_seconds = NULL, updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle the new login of database %s", id)
}

func settleRetire(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	_, err := tx.NewUpdate().Model((*models.Database)(nil)).Where("d.id = ?", id).
		Set("previous_username = NULL, previous_verifier_sealed = NULL, previous_until = NULL, updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle the end of a login of database %s", id)
}

func (s *Service) settleGiveBack(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	row, err := locked(ctx, tx, id)
	if err != nil || row == nil || row.PreviousUsername == nil {
		return err
	}
	verifier, err := s.move(row, row.PreviousVerifierSealed, previousVerifierPlace(row.ID), verifierPlace(row.ID))
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).WherePK().
		Set("username = previous_username, verifier_sealed = ?", verifier).
		Set("previous_username = NULL, previous_verifier_sealed = NULL, previous_until = NULL, updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle the return of a login of database %s", id)
}
