package database

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job on further users.
const (
	KindCreateUser = "database_user.create"
	KindUpdateUser = "database_user.update"
	KindRotateUser = "database_user.rotate"
	KindDeleteUser = "database_user.delete"
)

func (s *Service) userPlans() []*engine.Plan {
	plan := func(kind string, settle func(context.Context, store.Tx, uuid.UUID, models.JobState) error, again againFunc, steps ...engine.Step) *engine.Plan {
		return &engine.Plan{
			Kind: kind, Version: 1, ResourceKind: ident.DatabaseUser, Needs: actor.DatabasesWrite, Load: s.loadUser, Settle: settle, Again: again, Steps: steps,
		}
	}
	return []*engine.Plan{
		plan(KindCreateUser, settleNewUser, newUserAgain, userLogin("create-login", dropUser), userRights(revokeUser)),
		plan(KindUpdateUser, s.settleChangedUser, s.changedUserAgain, userLogin("change-login", loginBefore), userRights(rightsBefore), restoreLogin(stepsDown)),
		plan(KindRotateUser, s.settleChangedUser, s.changedUserAgain, changePassword()),
		plan(KindDeleteUser, settleDeletedUser, deletedUserAgain, deleteUserSteps()...),
	}
}

func (s *Service) loadUser(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	row := new(models.DatabaseUser)
	if err := s.db.NewSelect().Model(row).Where("du.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database user %s", id)
	}
	target, err := s.load(ctx, row.DatabaseID.UUID)
	if err != nil {
		return engine.Target{}, err
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	wish := models.DatabaseUserWish{
		Rights: row.Rights, VerifierSealed: row.VerifierSealed,
		ConnectionLimit: row.ConnectionLimit, StatementTimeoutSeconds: row.StatementTimeoutSeconds,
	}
	if sp.user, err = s.member(row, wish, userVerifierPlace(row.ID), sp.space); err != nil {
		return engine.Target{}, err
	}
	if sp.before = sp.user; row.Before != nil {
		if sp.before, err = s.member(row, *row.Before, userBeforePlace(row.ID), sp.space); err != nil {
			return engine.Target{}, err
		}
	}
	return engine.Target{Spec: sp, OwnerMark: sp.user.Login.Mark}, nil
}

// member is a user as a wish of the column of a place has it.
func (s *Service) member(row *models.DatabaseUser, wish models.DatabaseUserWish, place string, in Space) (Member, error) {
	verifier, err := s.openUser(row, wish.VerifierSealed, place)
	if err != nil {
		return Member{}, err
	}
	return Member{
		Login: Login{
			Name: row.Username, Mark: s.mark(row.ID.UUID), Verifier: verifier,
			ConnectionLimit: wish.ConnectionLimit, TempFileLimitKiB: tempFileLimitKiB,
		},
		Space: in, Rights: wish.Rights, StatementTimeoutSeconds: wish.StatementTimeoutSeconds,
	}, nil
}

// loadWithMembers is load for what concerns all logins of a database.
func (s *Service) loadWithMembers(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	target, err := s.load(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	var rows []*models.DatabaseUser
	err = s.db.NewSelect().Model(&rows).Where("du.database_id = ?", id).Where("du.state <> ?", models.ResourceFailed).Order("du.id").Scan(ctx)
	if err != nil {
		return engine.Target{}, store.Wrap(err, "read users of database %s", id)
	}
	for _, row := range rows {
		m, err := s.member(row, models.DatabaseUserWish{VerifierSealed: row.VerifierSealed, ConnectionLimit: row.ConnectionLimit}, userVerifierPlace(row.ID), sp.space)
		if err != nil {
			return engine.Target{}, err
		}
		sp.members = append(sp.members, m.Login)
	}
	return target, nil
}

// disableMembers shuts further users out, and the login before, beside the
// database's own login.
func disableMembers(ctx context.Context, s *spec) error {
	if s.previous != nil {
		if err := s.server.DisableLogin(ctx, s.previous.Login); err != nil {
			return err
		}
	}
	for _, l := range s.members {
		if err := s.server.DisableLogin(ctx, l); err != nil {
			return err
		}
		if err := engine.Point(ctx, "member-disabled"); err != nil {
			return err
		}
	}
	return nil
}

func enableMembers(ctx context.Context, s *spec) error {
	if s.previous != nil && !s.outlived {
		if err := s.server.EnsureLogin(ctx, s.previous.Login); err != nil {
			return err
		}
	}
	for _, l := range s.members {
		if err := s.server.EnsureLogin(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// dropLogins removes every role of a database that is gone, its own login last.
func dropLogins(ctx context.Context, s *spec) error {
	for _, l := range s.members {
		if err := s.server.DropLogin(ctx, l); err != nil {
			return err
		}
		if err := engine.Point(ctx, "member-dropped"); err != nil {
			return err
		}
	}
	if err := s.server.DropGroups(ctx, s.space); err != nil {
		return err
	}
	if s.previous != nil {
		if err := s.server.DropLogin(ctx, s.previous.Login); err != nil {
			return err
		}
	}
	return s.server.DropLogin(ctx, s.login)
}

// userLogin makes the user's role be as it is wished; it reaches nothing yet.
func userLogin(name string, undo func(context.Context, *spec) error) step {
	return step{
		name: name, policy: engine.Policy{Timeout: 20 * time.Second},
		observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
			return s.server.ObserveLogin(ctx, s.user.Login)
		},
		apply: func(ctx context.Context, s *spec) error { return s.server.EnsureLogin(ctx, s.user.Login) },
		undo:  undo,
	}
}

func dropUser(ctx context.Context, s *spec) error { return s.server.DropLogin(ctx, s.user.Login) }
func loginBefore(ctx context.Context, s *spec) error {
	return s.server.EnsureLogin(ctx, s.before.Login)
}

// userRights gives the user its rights. It may wait for sessions that hold locks
// on what the user owns.
func userRights(undo func(context.Context, *spec) error) step {
	return step{
		name: "grant-rights", policy: engine.Policy{Timeout: time.Minute},
		observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
			return s.server.ObserveRights(ctx, s.user)
		},
		apply: func(ctx context.Context, s *spec) error { return s.server.GrantRights(ctx, s.user) },
		undo:  undo,
	}
}

func revokeUser(ctx context.Context, s *spec) error { return s.server.RevokeRights(ctx, s.user) }
func rightsBefore(ctx context.Context, s *spec) error {
	return s.server.GrantRights(undoing(ctx), s.before)
}

// undoing gives the points of what applies and undoes alike names of their own,
// so that a failure at one is not a failure at the other.
func undoing(ctx context.Context) context.Context {
	return engine.WithPoints(ctx, func(name string) error { return engine.Point(ctx, "undo-"+name) })
}

// restoreLogin puts the database's own login back to what the panel knows once
// one who could act as it no longer may: it may have given the login a password
// of its own. Where that can be seen the login's sessions end too.
func restoreLogin(due func(*spec) bool) step {
	return step{
		name: "restore-login", policy: engine.Policy{Timeout: 30 * time.Second},
		// Not every admin sees a password, so looking proves nothing.
		observe: func(context.Context, *spec) (engine.Observed, error) {
			return engine.Observed{State: engine.Differs}, nil
		},
		apply: func(ctx context.Context, s *spec) error {
			if !due(s) {
				return nil
			}
			seen, err := s.server.ObserveLogin(ctx, s.login)
			if err == nil && seen.State == engine.Differs {
				err = s.server.DisableLogin(ctx, s.login)
			}
			if err == nil {
				err = engine.Point(ctx, "looked")
			}
			if err != nil {
				return err
			}
			return s.server.EnsureLogin(ctx, s.login)
		},
	}
}

func stepsDown(s *spec) bool { return s.before.Rights == Owner && s.user.Rights != Owner }
func wasOwner(s *spec) bool  { return s.user.Rights == Owner }

// changePassword ends the sessions of the old password.
func changePassword() step {
	return step{
		name: "change-password", policy: engine.Policy{Timeout: 30 * time.Second},
		// Not every admin sees a password, so looking proves nothing.
		observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
			seen, err := s.server.ObserveLogin(ctx, s.user.Login)
			if seen.State == engine.Matches {
				seen.State = engine.Differs
			}
			return seen, err
		},
		apply: func(ctx context.Context, s *spec) error { return s.relogin(ctx, s.user.Login) },
		undo:  func(ctx context.Context, s *spec) error { return s.relogin(undoing(ctx), s.before.Login) },
	}
}

// relogin ends the sessions of a role before it gets its password.
func (s *spec) relogin(ctx context.Context, l Login) error {
	if err := s.server.DisableLogin(ctx, l); err != nil {
		return err
	}
	if err := engine.Point(ctx, "disabled"); err != nil {
		return err
	}
	return s.server.EnsureLogin(ctx, l)
}

// deleteUserSteps shut the user out first; from where its objects are handed
// over, nobody knows any more which were its own.
func deleteUserSteps() []engine.Step {
	return []engine.Step{
		step{
			name: "close", policy: engine.Policy{Timeout: 30 * time.Second},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return gone(s.server.ObserveLogin(ctx, s.user.Login)) // disabling again costs little
			},
			apply: func(ctx context.Context, s *spec) error { return s.server.DisableLogin(ctx, s.user.Login) },
			undo:  func(ctx context.Context, s *spec) error { return s.server.EnsureLogin(ctx, s.user.Login) },
		},
		step{
			name: "hand-over", policy: engine.Policy{Timeout: time.Minute, Pivot: true},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return gone(s.server.ObserveRights(ctx, s.user))
			},
			apply: revokeUser,
		},
		restoreLogin(wasOwner),
		step{
			name: "drop-login", policy: engine.Policy{Timeout: 20 * time.Second},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return gone(s.server.ObserveLogin(ctx, s.user.Login))
			},
			apply: dropUser,
		},
	}
}

func settleNewUser(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	state := models.ResourceActive
	if outcome != models.JobSucceeded {
		state = models.ResourceFailed
	}
	_, err := tx.NewUpdate().Model((*models.DatabaseUser)(nil)).Set("state = ?, updated_at = now()", state).Where("id = ?", id).Exec(ctx)
	return store.Wrap(err, "settle database user %s", id)
}

// settleChangedUser forgets what was before, or goes back to it and keeps what was
// wished for another attempt.
func (s *Service) settleChangedUser(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	row := new(models.DatabaseUser)
	err := tx.NewSelect().Model(row).Where("du.id = ?", id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return store.Wrap(err, "lock database user %s", id)
	}
	b := row.Before
	row.Before, row.Tried = nil, nil
	if b != nil && outcome != models.JobSucceeded {
		if row.Tried, err = s.keepWish(row, userTriedPlace(row.ID)); err != nil {
			return err
		}
		if err := s.takeWish(row, *b, userBeforePlace(row.ID)); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Column(append(userWishColumns, "before", "tried")...).
		Set("updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle database user %s", id)
}

func settleDeletedUser(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome == models.JobSucceeded {
		_, err := tx.NewDelete().Model((*models.DatabaseUser)(nil)).Where("id = ?", id).Exec(ctx)
		return store.Wrap(err, "remove database user %s", id)
	}
	_, err := tx.NewUpdate().Model((*models.DatabaseUser)(nil)).Set("state = ?, updated_at = now()", models.ResourceActive).Where("id = ?", id).Exec(ctx)
	return store.Wrap(err, "keep database user %s", id)
}
