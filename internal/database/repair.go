package database

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job that mend drift.
const (
	KindRepair       = "database.repair"
	KindRecreate     = "database.recreate"
	KindAdopt        = "database.adopt"
	KindRemoveOrphan = "drift.remove_orphan"
)

func (s *Service) driftPlans() []*engine.Plan {
	return []*engine.Plan{
		{
			Kind: KindRepair, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.loadExpected, Settle: settleRepair,
			Steps: repairSteps(), Again: repairAgain, Begun: noteAgain,
		},
		{
			Kind: KindRecreate, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.loadExpected, Settle: settleRepair,
			Steps: recreateSteps(), Again: recreateAgain, Begun: noteAgain,
		},
		{
			Kind: KindAdopt, Version: 1, ResourceKind: ident.Database, Needs: actor.ServersWrite, Load: s.loadAdopted, Settle: settleAdopted,
			Steps: adoptSteps(), Again: adoptAgain, Begun: noteAgain,
		},
		{
			Kind: KindRemoveOrphan, Version: 1, ResourceKind: ident.DriftFinding, Needs: actor.ServersWrite, Load: s.loadOrphan, Settle: settleOrphan,
			Steps: []engine.Step{removeOrphan()},
		},
	}
}

// repairSteps move only what differs, and there is no way back from them: it
// would lead to the drift. A database that is gone is not made anew.
func repairSteps() []engine.Step {
	policy := engine.Policy{Timeout: time.Minute}
	return []engine.Step{
		step{name: "reclaim-names", policy: policy, observe: observeNothing, apply: reclaimNames},
		step{name: "repair-database", policy: policy, observe: observeNothing, apply: repairSpace},
		step{name: "repair-logins", policy: policy, observe: observeNothing, apply: repairLogins},
		step{name: "repair-access", policy: policy, observe: observeNothing, apply: repairAccess},
		step{name: "confine", policy: policy, observe: observeNothing, apply: func(ctx context.Context, s *spec) error {
			return s.server.Confine(ctx, s.expected)
		}},
	}
}

// recreateSteps make a database anew. Its login may be there under another name,
// and must not be made a second time.
func recreateSteps() []engine.Step {
	first := step{name: "reclaim-logins", policy: engine.Policy{Timeout: time.Minute}, observe: observeNothing, apply: func(ctx context.Context, s *spec) error {
		if err := reclaimNames(ctx, s); err != nil {
			return err
		}
		// What came back meanwhile must not be dropped when the making is taken back.
		seen, err := s.server.Survey(ctx, s.space.Mark, []Expected{s.expected})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(seen.Deviations[0], func(d Deviation) bool {
			return d.Kind == DatabaseObject && d.State != engine.Differs
		}) {
			return fault.Conflict.Permanent("", "The database is there again.")
		}
		if is, err := s.server.ObserveSpace(ctx, s.space); err != nil || !strings.Contains(is.Detail, RemovalInterrupted) {
			return err
		}
		return s.server.DropSpace(ctx, s.space) // it was dropped by half
	}}
	return slices.Concat([]engine.Step{first}, createSteps(), repairSteps())
}

// reclaimNames comes first: everything else goes by the names.
func reclaimNames(ctx context.Context, s *spec) error {
	if s.user.Space.Login != "" {
		// A runner that woke up after its rotation was taken back has made the login
		// another, which owns what is the tenant's.
		if err := s.server.GiveBack(ctx, s.user, s.next); err != nil {
			return err
		}
	}
	return s.server.Reclaim(ctx, s.expected)
}

func repairSpace(ctx context.Context, s *spec) error {
	seen, err := s.server.ObserveSpace(ctx, s.space)
	switch {
	case err != nil:
		return err
	case seen.State == engine.Absent:
		return fault.Conflict.Permanent("", "The database is gone with its data; decide whether to make it anew.")
	case seen.State == engine.Differs:
		if err := s.server.EnsureSpace(ctx, s.space); err != nil {
			return err
		}
	}
	return nil
}

func repairLogins(ctx context.Context, s *spec) error {
	logins := []Login{s.login}
	for _, m := range s.expected.Members {
		logins = append(logins, m.Login)
	}
	for _, l := range logins {
		if s.shut {
			if err := s.server.DisableLogin(ctx, l); err != nil {
				return err
			}
			continue
		}
		seen, err := s.server.ObserveLogin(ctx, l)
		if err == nil && seen.State != engine.Matches {
			err = s.server.EnsureLogin(ctx, l)
		}
		if err != nil {
			return err
		}
		if err := engine.Point(ctx, "login-repaired"); err != nil {
			return err
		}
	}
	return nil
}

// repairAccess comes after the logins, which get the rights.
func repairAccess(ctx context.Context, s *spec) error {
	if s.shut {
		return s.server.CloseSpace(ctx, s.space)
	}
	seen, err := s.server.ObserveOpen(ctx, s.space)
	if err == nil && seen.State != engine.Matches {
		err = s.server.OpenSpace(ctx, s.space)
	}
	if err == nil {
		err = engine.Point(ctx, "opened")
	}
	if err == nil {
		err = s.server.PublishSpace(ctx, s.space)
	}
	for _, m := range s.expected.Members {
		if err != nil {
			return err
		}
		if seen, err = s.server.ObserveRights(ctx, m); err == nil && seen.State != engine.Matches {
			err = s.server.GrantRights(ctx, m)
		}
	}
	return err
}

// loadExpected is load with all that a survey expects.
func (s *Service) loadExpected(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	target, err := s.load(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	var row wished
	if err := selectWished(s.db, &row).Where("d.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database %s", id)
	}
	var users []*models.DatabaseUser
	err = s.db.NewSelect().Model(&users).Where("du.database_id = ?", id).Where("du.state = ?", models.ResourceActive).Order("du.id").Scan(ctx)
	if err != nil {
		return engine.Target{}, store.Wrap(err, "read users of database %s", id)
	}
	if sp.expected, err = s.expect(&row, users); err != nil {
		return engine.Target{}, err
	}
	sp.shut = sp.expected.Shut
	// The last login that was to take over, and did not or has given back.
	if name, err := nextUsername(&row.Database); err == nil && row.LoginNumber > 1 && name != row.Username {
		sp.next = sp.login
		sp.next.Name, sp.user = name, Member{Login: sp.login, Space: sp.space, Rights: Owner}
		sp.user.Space.Login = name
	}
	return target, nil
}

// adoptSteps mend the database when nothing of it is foreign any more: until then
// there is something in the way of almost each step.
func adoptSteps() []engine.Step {
	steps := []engine.Step{adopt()}
	for _, mend := range repairSteps() {
		mend := mend.(step) //nolint:forcetypeassert // repairSteps makes nothing else
		whole := mend.apply
		mend.apply = func(ctx context.Context, s *spec) error {
			if s.foreign {
				return nil
			}
			return whole(ctx, s)
		}
		steps = append(steps, mend)
	}
	return steps
}

// adopt puts our mark on what is foreign and was decided to be ours.
func adopt() engine.Step {
	return step{name: "adopt", policy: engine.Policy{Timeout: 20 * time.Second}, observe: observeNothing, apply: func(ctx context.Context, s *spec) error {
		for _, o := range s.adopted {
			if err := s.server.Adopt(ctx, o); err != nil {
				return err
			}
			if err := engine.Point(ctx, "adopted"); err != nil {
				return err
			}
		}
		return nil
	}}
}

// loadAdopted is loadExpected with the foreign objects of the database's names
// that were decided to be ours.
func (s *Service) loadAdopted(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	target, err := s.loadExpected(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	sp := target.Spec.(*spec) //nolint:forcetypeassert // load makes nothing else
	var found []*models.DriftFinding
	err = s.db.NewSelect().Model(&found).Apply(foreignOf(id)).Scan(ctx)
	if err != nil {
		return engine.Target{}, store.Wrap(err, "read foreign findings of database %s", id)
	}
	marks := map[string]string{}
	for _, m := range sp.expected.Members {
		marks[m.Login.Name] = m.Login.Mark
	}
	for _, f := range found {
		if !f.Adopted {
			sp.foreign = true
			continue
		}
		mark, ok := marks[f.ExternalName]
		if !ok || f.ObjectKind == models.ObjectDatabase {
			mark = sp.space.Mark
		}
		sp.adopted = append(sp.adopted, Stray{Kind: f.ObjectKind, Name: f.ExternalName, Mark: mark})
	}
	return target, nil
}

// foreignOf are the findings of what is not ours and has a name of a database's.
func foreignOf(id uuid.UUID) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("f.database_id = ?", id).Where("f.kind = ?", models.DriftForeign).Where("f.resolved_at IS NULL")
	}
}

// settleAdopted is settleRepair for what was foreign. What differs stays open
// while something is foreign yet.
func settleAdopted(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	q := tx.NewUpdate().Model((*models.DriftFinding)(nil)).Where("f.database_id = ?", id).Where("f.resolved_at IS NULL").Where("f.adopted")
	if outcome == models.JobSucceeded {
		q = q.Set("resolved_at = now()")
	} else {
		q = q.Set("adopted = false")
	}
	if _, err := q.Exec(ctx); err != nil {
		return store.Wrap(err, "settle the adoption of database %s", id)
	}
	left, err := tx.NewSelect().Model((*models.DriftFinding)(nil)).Apply(foreignOf(id)).Exists(ctx)
	if err != nil || left {
		return store.Wrap(err, "look for what is foreign of database %s", id)
	}
	return settleRepair(ctx, tx, id, outcome)
}

// settleRepair resolves what the job was to mend; the next survey looks itself.
func settleRepair(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	_, err := tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("resolved_at = now()").
		Where("f.database_id = ?", id).Where("f.resolved_at IS NULL").Where("NOT f.ignored").Where("f.kind <> ?", models.DriftForeign).Exec(ctx)
	if err != nil {
		return store.Wrap(err, "resolve findings of database %s", id)
	}
	_, err = tx.NewUpdate().Model((*models.Database)(nil)).Set("state = ?, updated_at = now()", models.ResourceActive).
		Where("d.id = ?", id).Where("d.state = ?", models.ResourceDegraded).
		Where("NOT EXISTS (SELECT FROM drift_findings AS f WHERE f.database_id = d.id AND f.resolved_at IS NULL AND NOT f.ignored)").Exec(ctx)
	return store.Wrap(err, "settle the repair of database %s", id)
}

// repair orders the job that mends a database, where it may be mended by itself.
func (v *verdict) repair(ctx context.Context, row *models.Database, found []*models.DriftFinding) error {
	if row.DriftPolicy != models.DriftRepair {
		return nil
	}
	var wanted []*models.DriftFinding
	for _, f := range found {
		switch {
		case f.Kind == models.DriftForeign, f.Kind == models.DriftMissing && f.ObjectKind == models.ObjectDatabase:
			return nil // somebody has to decide
		case !f.Ignored:
			wanted = append(wanted, f)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	//allow:tenant of a database that a survey looks at, for whoever it is
	failed, err := v.tx.NewSelect().Model((*models.Job)(nil)).Where("j.resource_id = ?", row.ID).Where("j.kind = ?", KindRepair).
		Where("j.state IN ('FAILED', 'CANCELED')").Where("j.finished_at > now() - ? * interval '1 second'", repairAgainAfter.Seconds()).Exists(ctx)
	if err != nil || failed {
		return store.Wrap(err, "look for failed repairs of database %s", row.ID)
	}
	return v.order(v.tx, KindRepair, row, ident.UserID{}, wanted)
}

// order starts a job that mends a database, and notes it on the findings.
func (s *Service) order(tx store.Tx, kind string, row *models.Database, by ident.UserID, findings []*models.DriftFinding) error {
	job, err := s.engine.Start(tx, engine.Order{
		Kind: kind, Resource: row.ID.UUID, Customer: row.CustomerID, Actor: by, Generation: row.Generation,
	})
	if err != nil {
		return err
	}
	noteJob(tx, job, findings)
	return nil
}

// noteJob comes after the job, which is written at the end of the transaction.
func noteJob(tx store.Tx, job *models.Job, findings []*models.DriftFinding) {
	for _, f := range findings {
		f.JobID = job.ID
		tx.Queue(tx.NewUpdate().Model(f).WherePK().Column("job_id"), func(err error) error {
			return store.Wrap(err, "note the job of finding %s", f.ID)
		})
	}
}
