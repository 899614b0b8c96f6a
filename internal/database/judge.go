package database

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// A brake holds repairs when more than brakeLeast resources of a server, and
	// more than a brakePart of them, are not as they are to be.
	brakeLeast = 3
	brakePart  = 10
	// confirmedAfter is how many surveys must have seen an orphan.
	confirmedAfter = 2
	// repairAgainAfter is the rest after a repair that failed.
	repairAgainAfter = time.Hour
)

// key names an object of a server.
type objectKey struct {
	kind models.ObjectKind
	name string
}

// judge writes what a look found, in one transaction: findings that are new or
// have changed, those that are no more, the brake, and the jobs that mend things.
func (s *Service) judge(ctx context.Context, l *looked) error {
	return store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		server := new(models.DatabaseServer)
		err := tx.NewSelect().Model(server).Where("s.id = ?", l.server.ID).For("UPDATE").Scan(ctx)
		if err != nil {
			return store.Wrap(err, "lock server %s", l.server.ID)
		}
		v := &verdict{Service: s, looked: l, tx: tx, brake: server.DriftBrake}
		if err := v.read(ctx); err != nil {
			return err
		}
		if err := v.compare(ctx); err != nil {
			return err
		}
		if err := v.decide(ctx); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(server).WherePK().Set("surveyed_at = now(), drift_brake = ?", v.brake).Exec(ctx)
		return store.Wrap(err, "note the survey of server %s", server.ID)
	})
}

// A verdict is one survey on its way into the tables.
type verdict struct {
	*Service
	*looked
	tx    store.Tx
	brake models.DriftBrake

	current map[ident.DatabaseID]*models.Database // those that are judged, locked
	open    map[objectKey]*models.DriftFinding    // findings of before
	now     map[objectKey]*models.DriftFinding    // that are there in this survey
	off     int                                   // resources that are not as they are to be
	fresh   []*models.DriftFinding
	changed []*models.DriftFinding
	left    map[objectKey]bool // orphans that may be removed without being asked
	drifted map[ident.DatabaseID][]*models.DriftFinding
}

// read locks what deviates. What was changed, or had a job, since the look began is not judged.
func (v *verdict) read(ctx context.Context) error {
	concerned := map[ident.DatabaseID]bool{}
	for i, row := range v.rows {
		if len(v.survey.Deviations[i]) > 0 {
			concerned[row.ID] = true
		}
	}
	var open []*models.DriftFinding
	//allow:tenant a survey compares all of a server
	err := v.tx.NewSelect().Model(&open).Where("f.server_id = ?", v.server.ID).Where("f.resolved_at IS NULL").For("UPDATE").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "read findings of server %s", v.server.ID)
	}
	v.open, v.now = map[objectKey]*models.DriftFinding{}, map[objectKey]*models.DriftFinding{}
	v.drifted, v.left = map[ident.DatabaseID][]*models.DriftFinding{}, map[objectKey]bool{}
	for _, f := range open {
		v.open[objectKey{f.ObjectKind, f.ExternalName}] = f
		if !f.DatabaseID.IsZero() {
			concerned[f.DatabaseID] = true
		}
	}
	ids := slices.Collect(maps.Keys(concerned))
	v.current = map[ident.DatabaseID]*models.Database{}
	if len(ids) == 0 {
		return nil
	}
	var rows []*models.Database
	//allow:tenant a survey compares all of a server
	err = v.tx.NewSelect().Model(&rows).Where("d.id IN (?)", bun.List(ids)).
		Where(`NOT EXISTS (SELECT FROM jobs AS j WHERE (j.resource_id = d.id OR j.resource_id IN (SELECT id FROM database_users AS du WHERE du.database_id = d.id))
			AND (j.state IN (?) OR j.finished_at >= ?))`, bun.List(engine.Active), v.began).
		Order("d.id").For("UPDATE OF d").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "lock databases of server %s", v.server.ID)
	}
	for _, row := range rows {
		v.current[row.ID] = row
	}
	return nil
}

// compare makes findings of deviations and strays.
func (v *verdict) compare(ctx context.Context) error {
	for i, row := range v.rows {
		current := v.current[row.ID]
		deviations := v.survey.Deviations[i]
		if len(deviations) == 0 || current == nil || current.Generation != row.Generation {
			continue
		}
		counted := false
		for _, d := range deviations {
			f := v.note(&models.DriftFinding{
				Kind: kindOf(d.State), ObjectKind: d.Kind, ExternalName: d.Name, Detail: d.Detail,
				DatabaseID: row.ID, CustomerID: row.CustomerID, Confirmed: true,
			})
			counted = counted || !f.Ignored
			v.drifted[row.ID] = append(v.drifted[row.ID], f)
		}
		if counted {
			v.off++
		}
	}
	orphans, err := v.orphansOf(ctx, v.tx, v.looked)
	if err != nil {
		return err
	}
	for _, o := range orphans {
		f := v.note(&models.DriftFinding{Kind: models.DriftOrphan, ObjectKind: o.Kind, ExternalName: o.Name, Mark: o.Mark, Detail: o.detail()})
		v.left[objectKey{o.Kind, o.Name}] = o.removable()
		if f.Confirmed = f.Surveys >= confirmedAfter; f.Confirmed && !f.Ignored {
			v.off++
		}
	}
	return nil
}

func kindOf(s engine.State) models.DriftKind {
	switch s {
	case engine.Absent:
		return models.DriftMissing
	case engine.Foreign:
		return models.DriftForeign
	case engine.Differs, engine.Matches:
	}
	return models.DriftDiffers
}

// note merges a finding with that of earlier surveys.
func (v *verdict) note(f *models.DriftFinding) *models.DriftFinding {
	key := objectKey{f.ObjectKind, f.ExternalName}
	was := v.open[key]
	if was == nil {
		f.ID, f.ServerID, f.Surveys = ident.NewDriftFindingID(), v.server.ID, 1
		v.fresh = append(v.fresh, f)
		v.now[key] = f
		return f
	}
	v.now[key] = was
	differs := was.Kind != f.Kind || was.Detail != f.Detail || was.DatabaseID != f.DatabaseID || was.Mark != f.Mark
	if !differs && was.Confirmed {
		return was
	}
	if differs {
		was.Ignored = false // it is no longer what was ignored
	}
	was.Surveys++
	was.Kind, was.Detail, was.DatabaseID, was.CustomerID, was.Mark = f.Kind, f.Detail, f.DatabaseID, f.CustomerID, f.Mark
	v.changed = append(v.changed, was)
	return was
}

// decide writes findings, sets the brake and orders what is to be done.
func (v *verdict) decide(ctx context.Context) error {
	switch limit := max(brakeLeast, len(v.rows)/brakePart); {
	case v.off <= limit:
		v.brake = models.BrakeOff
	case v.brake == models.BrakeOff:
		v.brake = models.BrakeOn
		v.log.ErrorContext(ctx, "drift brake: too much of a server is not as it is to be; repairs rest until somebody releases it",
			"server_id", v.server.ID.Opaque(), "deviating", v.off, "resources", len(v.rows))
	}
	if err := v.write(ctx); err != nil {
		return err
	}
	if v.brake == models.BrakeOn {
		return nil
	}
	for i, row := range v.rows {
		if found := v.drifted[row.ID]; len(found) > 0 {
			if err := v.repair(ctx, &v.rows[i].Database, found); err != nil {
				return err
			}
		}
	}
	for key, f := range v.now {
		if v.left[key] && f.Confirmed && !f.Ignored {
			if _, err := v.removeOrphan(v.tx, f, ident.UserID{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// write brings the table to what is there now.
func (v *verdict) write(ctx context.Context) error {
	if len(v.fresh) > 0 {
		for part := range slices.Chunk(v.fresh, 500) {
			if _, err := v.tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return store.Wrap(err, "note findings on server %s", v.server.ID)
			}
		}
	}
	judged := map[ident.DatabaseID]bool{}
	for _, row := range v.rows {
		judged[row.ID] = v.current[row.ID] != nil && v.current[row.ID].Generation == row.Generation
	}
	var gone []*models.DriftFinding
	for key, f := range v.open {
		switch _, row := v.current[f.DatabaseID]; {
		case v.now[key] != nil:
		case f.DatabaseID.IsZero(), judged[f.DatabaseID], row && v.current[f.DatabaseID].DriftPolicy == models.DriftIgnore:
			gone = append(gone, f)
		}
	}
	for _, f := range v.changed {
		_, err := v.tx.NewUpdate().Model(f).WherePK().
			Column("kind", "detail", "database_id", "customer_id", "mark", "surveys", "confirmed", "ignored").Exec(ctx)
		if err != nil {
			return store.Wrap(err, "change finding %s", f.ID)
		}
	}
	if len(gone) > 0 {
		ids := make([]ident.DriftFindingID, len(gone))
		for i, f := range gone {
			ids[i] = f.ID
		}
		//allow:tenant a survey compares all of a server
		if _, err := v.tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("resolved_at = now()").Where("f.id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
			return store.Wrap(err, "resolve findings on server %s", v.server.ID)
		}
	}
	return v.grade(ctx)
}

// grade makes ACTIVE databases with findings DEGRADED, and the other way round.
func (v *verdict) grade(ctx context.Context) error {
	const unresolved = "EXISTS (SELECT FROM drift_findings AS f WHERE f.database_id = d.id AND f.resolved_at IS NULL AND NOT f.ignored)"
	for _, move := range []struct {
		from, to models.ResourceState
		when     string
	}{{models.ResourceActive, models.ResourceDegraded, unresolved}, {models.ResourceDegraded, models.ResourceActive, "NOT " + unresolved}} {
		//allow:tenant a survey compares all of a server
		_, err := v.tx.NewUpdate().Model((*models.Database)(nil)).Set("state = ?, updated_at = now()", move.to).
			Where("d.server_id = ?", v.server.ID).Where("d.state = ?", move.from).Where(move.when).Exec(ctx)
		if err != nil {
			return store.Wrap(err, "grade databases of server %s", v.server.ID)
		}
	}
	return nil
}
