package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job on databases.
const (
	KindCreate = "database.create"
	KindDelete = "database.delete"
	// KindSuspend and KindResume are also ordered by the job of a customer.
	KindSuspend = "database.suspend"
	KindResume  = "database.resume"
	KindRotate  = "database.rotate"
	// KindClose and KindOpen are ordered by the size quotas; see EnforceSizeQuotas.
	KindClose = "database.close"
	KindOpen  = "database.open"
)

// A spec is what the steps work towards.
type spec struct {
	server Server
	ready  func(context.Context) error // whether the next step may begin
	// reopens decides whether a deletion that is taken back opens the database, and
	// notes it on the row.
	reopens     func(context.Context) (bool, error)
	login       Login
	next        Login // with what a rotation moves to
	space       Space
	shut        bool // it, its customer, or one above is to be suspended, or a size quota holds it
	wasShut     bool // it was shut when the job began
	deleteAfter time.Time
	previous    *Member  // the login before; nil without
	outlived    bool     // the grace of previous is over
	members     []Login  // of all further users; where a plan needs them
	user        Member   // of a plan for one user
	before      Member   // what it was before a change
	expected    Expected // of a repair
	stray       Stray    // of the removal of an orphan
	adopted     []Stray  // foreign objects that are to be ours
	foreign     bool     // there are others that are not
}

// Plans are the sagas of this domain.
func (s *Service) Plans() []*engine.Plan {
	return append(slices.Concat(s.userPlans(), s.loginPlans(), s.driftPlans(), []*engine.Plan{s.accessPlan(), s.bulkPlan()}), []*engine.Plan{
		{
			Kind: KindCreate, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.load, Settle: settleCreate,
			Steps: createSteps(), Again: s.createAgain,
		},
		{
			Kind: KindDelete, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.loadWithMembers, Settle: settleDelete,
			Steps: deleteSteps(), Again: s.deleteAgain,
		},
		{
			Kind: KindSuspend, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.loadWithMembers, Settle: settleSuspend,
			Steps: suspendSteps(), Again: s.suspendAgain,
		},
		{
			Kind: KindResume, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.loadWithMembers, Settle: settleResume,
			Steps: resumeSteps(), Again: s.resumeAgain,
		},
		{
			Kind: KindRotate, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.load, Settle: s.settleRotate,
			Steps: rotateSteps(), Again: s.rotateAgain,
		},
		// Those two are the provider's: whoever could take them back would have no quota.
		{
			Kind: KindClose, Version: 1, ResourceKind: ident.Database, Needs: actor.ServersWrite, Load: s.loadWithMembers, Settle: settleClose,
			Steps: suspendSteps(),
		},
		{
			Kind: KindOpen, Version: 1, ResourceKind: ident.Database, Needs: actor.ServersWrite, Load: s.loadWithMembers, Settle: settleOpen,
			Steps: resumeSteps(),
		},
	}...)
}

// shut tells of a row d whether its logins are to be refused, for whichever reason.
const shut = `d.suspended OR ` + overSize + ` OR EXISTS (SELECT FROM customer_tree AS t JOIN customers AS c ON c.id = t.ancestor_id
	WHERE t.customer_id = d.customer_id AND c.suspended)`

// A wished row is a database with what is wished of it beyond its columns.
type wished struct {
	models.Database `bun:",extend"`

	Shut  bool
	Grace float64 // seconds that are left of it

	Outlived bool // the grace of the login before is over
}

func selectWished(db bun.IDB, into any) *bun.SelectQuery {
	return db.NewSelect().Model(into).ColumnExpr("d.*").ColumnExpr(shut + " AS shut").
		ColumnExpr("coalesce(EXTRACT(epoch FROM d.delete_after - clock_timestamp()), 0)::float8 AS grace").
		ColumnExpr("coalesce(d.previous_until <= now(), false) AS outlived")
}

// loginOf and spaceOf are what a server is to have of a database.
func (s *Service) loginOf(row *models.Database, verifier secret.Text) Login {
	return Login{
		Name: row.Username, Mark: s.mark(row.ID.UUID), Verifier: verifier, ConnectionLimit: row.ConnectionLimit, TempFileLimitKiB: tempFileLimitKiB,
	}
}

func (s *Service) spaceOf(row *models.Database) Space {
	return Space{
		Name: row.ExtName, WorkName: workName(row.ID.UUID), Mark: s.mark(row.ID.UUID), Login: row.Username, ConnectionLimit: row.ConnectionLimit,
	}
}

func (s *Service) load(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	row, server := new(wished), new(models.DatabaseServer)
	if err := selectWished(s.db, row).Where("d.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database %s", id)
	}
	if err := s.db.NewSelect().Model(server).Where("s.id = ?", row.ServerID).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database server %s", row.ServerID)
	}
	if err := leftAlone(server); err != nil {
		return engine.Target{}, err
	}
	conn, err := s.dial(server)
	if err != nil {
		return engine.Target{}, err
	}
	verifier, err := s.openVerifier(&row.Database, row.VerifierSealed, verifierPlace(row.ID))
	if err != nil {
		return engine.Target{}, err
	}
	login := s.loginOf(&row.Database, verifier)
	changed := login
	if row.NextVerifierSealed != nil {
		if changed.Verifier, err = s.openVerifier(&row.Database, row.NextVerifierSealed, nextVerifierPlace(row.ID)); err != nil {
			return engine.Target{}, err
		}
	}
	space := s.spaceOf(&row.Database)
	previous, err := s.previous(&row.Database, login, space)
	if err != nil {
		return engine.Target{}, err
	}
	return engine.Target{OwnerMark: login.Mark, Spec: &spec{
		server: conn, ready: s.watchMaintenance(server.ID), reopens: s.reopens(id), login: login, next: changed, shut: row.Shut, wasShut: row.State == models.ResourceSuspended,
		space: space, previous: previous, outlived: row.Outlived,
		// Whether it is over is for PostgreSQL's clock to say: this node's may be an hour ahead.
		deleteAfter: time.Now().Add(time.Duration(row.Grace * float64(time.Second))),
	}}, nil
}

// mark proves that something outside is a row's of ours.
func (s *Service) mark(id uuid.UUID) string {
	return s.marks() + id.String()
}

// marks is what every mark of this installation begins with.
func (s *Service) marks() string { return "mpanel:" + s.installation.String() + ":" }

func settleCreate(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome == models.JobSucceeded {
		_, err := tx.NewUpdate().Model((*models.Database)(nil)).Set("state = ?, updated_at = now()", models.ResourceActive).
			Where("id = ?", id).Where("state = ?", models.ResourcePending).Exec(ctx)
		return store.Wrap(err, "activate database %s", id)
	}
	row, err := settled(ctx, tx, id)
	if row == nil || err != nil {
		return err
	}
	if err := giveBack(ctx, tx, row); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Set("state = ?, holds_quota = false, counted_bytes = 0, size_bytes = NULL, updated_at = now()", models.ResourceFailed).Exec(ctx)
	return store.Wrap(err, "give up database %s", id)
}

func settleDelete(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	row, err := settled(ctx, tx, id)
	if row == nil || err != nil {
		return err
	}
	if outcome == models.JobSucceeded {
		return discard(ctx, tx, row)
	}
	// A job that a version before began has noted nothing.
	_, err = tx.NewUpdate().Model(row).WherePK().Set("delete_after = NULL, reopens_as = NULL, updated_at = now()").
		Set("state = coalesce(reopens_as, CASE WHEN "+shut+" THEN ? ELSE ? END)", models.ResourceSuspended, models.ResourceActive).Exec(ctx)
	return store.Wrap(err, "keep database %s", id)
}

// settleRotate keeps what was shown when it failed, so that another attempt
// makes it true.
func (s *Service) settleRotate(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	row, err := locked(ctx, tx, id)
	if err != nil || row == nil || row.NextVerifierSealed == nil {
		return err
	}
	verifier, err := s.move(row, row.NextVerifierSealed, nextVerifierPlace(row.ID), verifierPlace(row.ID))
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Set("verifier_sealed = ?", verifier).
		Set("next_verifier_sealed = NULL, updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle the rotation of database %s", id)
}

// giveBack gives back what the quotas count of a locked row, which from then on
// must not be counted any more.
func giveBack(ctx context.Context, tx store.Tx, row *models.Database) error {
	if row.HoldsQuota {
		if err := quota.Give(ctx, tx, row.CustomerID, models.QuotaDatabases); err != nil {
			return err
		}
	}
	if row.CountedBytes == 0 {
		return nil
	}
	return quota.GiveBack(ctx, tx, row.CustomerID, models.QuotaDatabaseBytes, row.CountedBytes)
}

// settled reads the row that a job leaves behind, nil when it is gone.
func settled(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row := new(models.Database)
	//allow:tenant of the job that is being tried again, which was found with the filter
	err := tx.NewSelect().Model(row).Where("d.id = ?", id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, store.Wrap(err, "lock database %s", id)
}

func visibleServers(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ExcludeColumn("admin_password_sealed")
}
