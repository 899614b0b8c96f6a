package database

import (
	"context"
	"sync"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// userRef is what an idempotency key keeps.
type userRef struct {
	User ident.DatabaseUserID `json:"user"`
	Job  ident.JobID          `json:"job"`

	idempotency.Ordered `json:"-"`
	idempotency.Shown   `json:"-"`
}

// A verifying is a new password whose verifier is computed beside the
// transaction that needs it.
type verifying struct {
	password secret.Text
	verifier func() (secret.Text, error)
}

func newPassword() verifying {
	password := secret.NewPassword(passwordLen)
	v := verifying{password, sync.OnceValues(func() (secret.Text, error) { return ScramVerifier(password) })}
	// It takes as long as a transaction up to the row, which needs it.
	go func() { _, _ = v.verifier() }() // the row asks again, for the error too
	return v
}

// CreateUser records the wish for a further user and starts the job that makes
// it true. Errors: fault.Invalid for a bad name, limit or timeout,
// fault.NotFound for the database, fault.Conflict when it is not ACTIVE, has a
// job at work, has MaxUsers already, or has a user of that name.
func (s *Service) CreateUser(ctx context.Context, in CreateUserInput) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	fresh := newPassword()
	call := idempotency.Call{Mutation: "createDatabaseUser", Input: in, DryRun: in.DryRun}
	return s.orderUser(ctx, who, call, func(ctx context.Context, tx store.Tx, out *UserPayload) (userRef, error) {
		d, err := lockHost(ctx, tx, who, in.DatabaseID, "databaseId")
		if err != nil {
			return userRef{}, err
		}
		row, err := newUser(ctx, tx, in, d)
		if err != nil {
			return userRef{}, err
		}
		verifier, err := fresh.verifier()
		if err != nil {
			return userRef{}, err
		}
		row.VerifierSealed = s.box.Seal(verifier, userVerifierPlace(row.ID))
		if _, err := tx.NewInsert().Model(row).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return userRef{}, userNameInUse(store.Wrap(err, "insert database user %s", row.ID), "name")
		}
		return s.begin(ctx, tx, who, out, KindCreateUser, d, nil, row, &fresh)
	})
}

func newUser(ctx context.Context, tx store.Tx, in CreateUserInput, d *models.Database) (*models.DatabaseUser, error) {
	username, err := userName(d, in.Name)
	if err != nil {
		return nil, err
	}
	limit, err := userConnections(d, in.ConnectionLimit)
	if err != nil {
		return nil, err
	}
	if err := roomForUser(ctx, tx, d, "databaseId"); err != nil {
		return nil, err
	}
	row := &models.DatabaseUser{
		ID: ident.NewDatabaseUserID(), DatabaseID: d.ID, ServerID: d.ServerID, Name: in.Name, Username: username, Rights: in.Rights,
		ConnectionLimit: limit, State: models.ResourcePending, Generation: 1,
	}
	if in.StatementTimeoutSeconds != nil {
		row.StatementTimeoutSeconds = *in.StatementTimeoutSeconds
	}
	return row, nil
}

func roomForUser(ctx context.Context, tx store.Tx, d *models.Database, field string) error {
	//allow:tenant of a database that was found with the filter
	n, err := tx.NewSelect().Model((*models.DatabaseUser)(nil)).Where("du.database_id = ?", d.ID).
		Where("du.state <> ?", models.ResourceFailed).Count(ctx)
	if err != nil {
		return store.Wrap(err, "count users of database %s", d.ID)
	}
	if n >= MaxUsers {
		return fault.Conflict.New(field, "A database has at most %d users beside its own login; delete one first.", MaxUsers)
	}
	return nil
}

func userNameInUse(err error, field string) error {
	if store.Violates(err, "database_users_name_in_use") || store.Violates(err, "database_users_username_in_use") {
		return fault.Conflict.Wrap(err, field, "There is a user of that name already.")
	}
	return err
}

// UpdateUser changes rights and limits. Errors: fault.Invalid, fault.NotFound,
// fault.Conflict when the user or its database is not ACTIVE or has a job at work.
func (s *Service) UpdateUser(ctx context.Context, in UpdateUserInput) (*UserPayload, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	return s.changeUser(ctx, idempotency.Call{Mutation: "updateDatabaseUser", Input: in, DryRun: in.DryRun}, in.ID, KindUpdateUser, nil, func(d *models.Database, row *models.DatabaseUser) error {
		if in.Rights != nil {
			row.Rights = *in.Rights
		}
		if in.ConnectionLimit != nil {
			limit, err := userConnections(d, in.ConnectionLimit)
			if err != nil {
				return err
			}
			row.ConnectionLimit = limit
		}
		if in.StatementTimeoutSeconds != nil {
			row.StatementTimeoutSeconds = *in.StatementTimeoutSeconds
		}
		return nil
	})
}

// RotateUserPassword gives the user a new password; sessions of the old one end.
// Errors: fault.NotFound, fault.Conflict as UpdateUser.
func (s *Service) RotateUserPassword(ctx context.Context, in RotateUserPasswordInput) (*UserPayload, error) {
	fresh := newPassword()
	return s.changeUser(ctx, idempotency.Call{Mutation: "rotateDatabaseUserPassword", Input: in, DryRun: in.DryRun}, in.ID, KindRotateUser, &fresh, func(_ *models.Database, row *models.DatabaseUser) error {
		verifier, err := fresh.verifier()
		row.VerifierSealed = s.box.Seal(verifier, userVerifierPlace(row.ID))
		return err
	})
}

// changeUser is a mutation of an ACTIVE user: change alters its wish, and what
// was wished before is kept until the job is over.
func (s *Service) changeUser(ctx context.Context, call idempotency.Call, id ident.DatabaseUserID, kind string, fresh *verifying, change func(*models.Database, *models.DatabaseUser) error) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.orderUser(ctx, who, call, func(ctx context.Context, tx store.Tx, out *UserPayload) (userRef, error) {
		d, row, err := lockUser(ctx, tx, who, id)
		switch {
		case err != nil:
			return userRef{}, err
		case row.State != models.ResourceActive:
			return userRef{}, fault.Conflict.New("id", "This user is %s; only one that is ACTIVE can be changed.", row.State)
		}
		was := *row
		before, err := s.keepWish(row, userBeforePlace(row.ID))
		if err != nil {
			return userRef{}, err
		}
		if err := change(d, row); err != nil {
			return userRef{}, err
		}
		row.Before, row.Tried, row.Generation = before, nil, row.Generation+1
		_, err = tx.NewUpdate().Model(row).WherePK().Column(append(userWishColumns, "before", "tried", "generation")...).
			Set("updated_at = now()").Returning("updated_at").Exec(ctx)
		if err != nil {
			return userRef{}, store.Wrap(err, "change database user %s", row.ID)
		}
		return s.begin(ctx, tx, who, out, kind, d, &was, row, fresh)
	})
}

// DeleteUser ends the user's sessions and removes its role; what it owns goes to
// the database's login. What failed to be made is removed without a job. Errors:
// fault.NotFound, fault.Conflict when it is being deleted already, or when it or
// its database has a job at work or the database is not ACTIVE.
func (s *Service) DeleteUser(ctx context.Context, in DeleteUserInput) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	call := idempotency.Call{Mutation: "deleteDatabaseUser", Input: in, DryRun: in.DryRun}
	return s.orderUser(ctx, who, call, func(ctx context.Context, tx store.Tx, out *UserPayload) (userRef, error) {
		d, row, err := lockUser(ctx, tx, who, in.ID)
		switch {
		case err != nil:
			return userRef{}, err
		case row.State == models.ResourceDeleting:
			return userRef{}, fault.Conflict.New("id", "This user is being deleted already.")
		case row.State == models.ResourceFailed:
			if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
				return userRef{}, store.Wrap(err, "discard database user %s", row.ID)
			}
			out.DatabaseUser = row
			return userRef{User: row.ID, Ordered: idempotency.Ordered{Customer: d.CustomerID}}, recordUser(ctx, tx, "database_user.discard", d, nil, row)
		}
		before := *row
		_, err = tx.NewUpdate().Model(row).WherePK().Set("state = ?, generation = generation + 1, updated_at = now()", models.ResourceDeleting).
			Returning("*").Exec(ctx)
		if err != nil {
			return userRef{}, store.Wrap(err, "mark database user %s for deletion", row.ID)
		}
		return s.begin(ctx, tx, who, out, KindDeleteUser, d, &before, row, nil)
	})
}

// begin starts the job, records the mutation, which is named as the job is, and
// writes the answer.
func (s *Service) begin(ctx context.Context, tx store.Tx, who *actor.Actor, out *UserPayload, kind string, d *models.Database, before, row *models.DatabaseUser, fresh *verifying) (userRef, error) {
	job, err := s.engine.Start(tx, engine.Order{
		Kind: kind, Resource: row.ID.UUID, Customer: d.CustomerID, Actor: who.User, Generation: row.Generation,
	})
	if err != nil {
		return userRef{}, err
	}
	*out = UserPayload{DatabaseUser: row, Job: job}
	if fresh != nil {
		if out.Credentials, err = credentials(ctx, tx, d, row.Username, fresh.password); err != nil {
			return userRef{}, err
		}
	}
	return userRef{
		User: row.ID, Job: job.ID, Ordered: idempotency.Ordered{Begun: job, Customer: d.CustomerID}, Shown: s.shown(out.Credentials),
	}, recordUser(ctx, tx, kind, d, before, row)
}

// orderUser runs a mutation of a user: do writes the answer.
func (s *Service) orderUser(ctx context.Context, who *actor.Actor, call idempotency.Call,
	do func(ctx context.Context, tx store.Tx, out *UserPayload) (userRef, error),
) (*UserPayload, error) {
	out := &UserPayload{}
	preview, err := idempotency.Order(ctx, s.db, s.engine, call,
		func(ctx context.Context, tx store.Tx) (userRef, error) { return do(ctx, tx, out) },
		func(ctx context.Context, tx store.Tx, r userRef) error { return s.replayUser(ctx, tx, who, r, out) })
	if preview != nil {
		return &UserPayload{Preview: preview}, nil
	}
	return out, err
}

// recordUser writes what became of a user into the audit; before is as it was, nil when
// it was not there.
func recordUser(ctx context.Context, tx store.Tx, action string, d *models.Database, before, row *models.DatabaseUser) error {
	e := audit.Entry{Action: action, Kind: ident.DatabaseUser, Object: row.ID.UUID, Customer: d.CustomerID}
	is := toldUser(row)
	if before != nil {
		e.Before, _ = audit.Changed(toldUser(before), is)
	}
	is["database"] = d.ID
	e.Detail = is
	return audit.Record(ctx, tx, e)
}

// toldUser is what the audit says of a user.
func toldUser(row *models.DatabaseUser) map[string]any {
	return map[string]any{
		"name": row.Name, "username": row.Username, "rights": row.Rights, "state": row.State,
		"connection_limit": row.ConnectionLimit, "statement_timeout_seconds": row.StatementTimeoutSeconds,
	}
}

// replayUser answers a repeated mutation with what is there now.
func (s *Service) replayUser(ctx context.Context, tx store.Tx, who *actor.Actor, r userRef, out *UserPayload) error {
	var rows []*models.DatabaseUser
	if err := tx.NewSelect().Model(&rows).Apply(visibleUsers(who, actor.DatabasesWrite)).Where("du.id = ?", r.User).Scan(ctx); err != nil {
		return store.Wrap(err, "read database user %s", r.User)
	}
	*out = UserPayload{}
	var err error
	if len(rows) > 0 {
		out.DatabaseUser = rows[0]
		if out.Credentials, err = s.userShownAgain(ctx, tx, r.Shown, rows[0]); err != nil {
			return err
		}
	}
	out.Job, err = replayJob(ctx, tx, who, r.Job)
	return err
}

// lockHost locks the database of a user that is to be changed: nothing else may
// be at work on the database, nor begin before this is over.
func lockHost(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseID, field string) (*models.Database, error) {
	d, err := lockDatabase(ctx, tx, who, id, field)
	if err != nil {
		return nil, err
	}
	return d, mustHost(ctx, tx, d, field)
}

// mustHost refuses changes of the users of a locked database.
func mustHost(ctx context.Context, tx store.Tx, d *models.Database, field string) error {
	if d.State != models.ResourceActive {
		return fault.Conflict.New(field, "The database is %s; its users can be changed while it is ACTIVE.", d.State)
	}
	if err := idle(ctx, tx, field, "A job is at work on the database; wait for it to end.", "j.resource_id = ?", d.ID.UUID); err != nil {
		return err
	}
	return mustStayOpen(ctx, tx, d, field)
}

// lockUser locks a user that the caller may change, after its database.
func lockUser(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseUserID) (*models.Database, *models.DatabaseUser, error) {
	row := new(models.DatabaseUser)
	err := tx.NewSelect().Model(row).Apply(visibleUsers(who, actor.DatabasesWrite)).Where("du.id = ?", id.UUID).Scan(ctx)
	switch {
	case fault.CodeOf(store.Wrap(err, "find")) == fault.NotFound:
		return nil, nil, store.Denied(ctx, tx.NewSelect().Model(row).Apply(visibleUsers(who, actor.DatabasesRead)).Where("du.id = ?", id.UUID), "id")
	case err != nil:
		return nil, nil, store.Wrap(err, "find database user %s", id)
	}
	d, err := lockHost(ctx, tx, who, row.DatabaseID, "id")
	if err != nil {
		return nil, nil, err
	}
	err = tx.NewSelect().Model(row).WherePK().For("UPDATE").Scan(ctx)
	if fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound { // it went meanwhile
		return nil, nil, store.NotFound("id")
	}
	return d, row, store.Wrap(err, "lock database user %s", id)
}

// idleAround refuses to begin anything on a database while a job is at work on
// one of its users, or copies it. The caller has locked the database.
func idleAround(ctx context.Context, tx store.Tx, id ident.DatabaseID, field string) error {
	var kinds []string
	//allow:tenant of a database that was found with the filter
	err := tx.NewSelect().Model((*models.Job)(nil)).Column("kind").Where("j.state IN (?)", bun.List(engine.Active)).
		Where("(j.resource_id IN (SELECT id FROM database_users WHERE database_id = ?0) OR j.kind = ?1 AND j.resource_id IN (SELECT database_id FROM database_loads WHERE source_id = ?0))", id.UUID, KindClone).
		Limit(1).Scan(ctx, &kinds)
	switch {
	case err != nil:
		return store.Wrap(err, "look for jobs around database %s", id)
	case len(kinds) == 0:
		return nil
	case kinds[0] == KindClone:
		return fault.Conflict.New(field, "A clone of this database is being made; wait for it to end, or cancel its job.")
	}
	return fault.Conflict.New(field, "A job is at work on one of the database's users; wait for it to end.")
}

// idle refuses with a conflict while a job is at work on what the condition on j finds.
func idle(ctx context.Context, tx store.Tx, field, refusal, condition string, args ...any) error {
	//allow:tenant whether somebody's job is in the way, of which nothing is told
	busy, err := tx.NewSelect().Model((*models.Job)(nil)).Where("j.state IN (?)", bun.List(engine.Active)).Where(condition, args...).Exists(ctx)
	if err != nil {
		return store.Wrap(err, "look for jobs at work")
	}
	if busy {
		return fault.Conflict.New(field, "%s", refusal)
	}
	return nil
}
