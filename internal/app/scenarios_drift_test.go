package app

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// onServerExec runs statements on the tenants' server as its superuser, one after the other.
func (b *faultBench) onServerExec(ctx context.Context, stmts string) error {
	conn, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	if err != nil {
		return err
	}
	for sql := range strings.SplitSeq(stmts, ";") {
		if _, execErr := conn.Exec(ctx, sql); execErr != nil {
			err = errors.Join(err, execErr)
		}
	}
	return errors.Join(err, conn.Close(ctx))
}

// harmed is a database with a further user to which something was done by hand,
// and the job that a finding of that leads to.
func (b *faultBench) harmed(ctx context.Context, rights models.DatabaseRights, sql string) (scene, error) {
	s, err := b.made(ctx)
	if err == nil {
		err = b.invite(ctx, &s, rights)
	}
	if err != nil {
		return s, err
	}
	fill := strings.NewReplacer("%d", s.database.ExtName, "%r", s.database.Username, "%g", s.guest.row.Username).Replace
	if err := b.onServerExec(ctx, fill(sql)); err != nil {
		return s, err
	}
	// What earlier scenes left in the table is not there any more, and nothing is
	// done before the scene's own job is decided.
	_, err = b.oracle.NewUpdate().Model((*models.Database)(nil)).Set("drift_policy = CASE WHEN id = ? THEN 'REPORT' ELSE 'IGNORE' END", s.database.ID).Where("TRUE").Exec(ctx)
	if err != nil {
		return s, err
	}
	if _, err := b.panel.databases.SurveyServer(actor.With(ctx, b.staff), database.SurveyServerInput{ID: s.database.ServerID}); err != nil {
		return s, err
	}
	var found []*models.DriftFinding
	err = b.oracle.NewSelect().Model(&found).Where("f.database_id = ?", s.database.ID).Where("f.resolved_at IS NULL").OrderExpr("f.object_kind, f.external_name").Scan(ctx)
	if err != nil || len(found) == 0 {
		return s, errors.Join(errors.New("the survey found nothing"), err)
	}
	decision := database.DecideRepair
	switch found[0].Kind {
	case models.DriftMissing:
		decision = database.DecideRecreate
	case models.DriftDiffers, models.DriftOrphan:
	case models.DriftForeign:
		decision = database.DecideAdopt
		if err := store.InTx(ctx, b.oracle, func(ctx context.Context, tx store.Tx) error { // all of them at once
			_, err := tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("adopted = true").Where("f.database_id = ?", s.database.ID).Where("f.kind = 'FOREIGN'").Exec(ctx)
			return err
		}); err != nil {
			return s, err
		}
	}
	out, err := b.panel.databases.DecideFinding(actor.With(ctx, b.staff), database.DecideFindingInput{ID: found[0].ID, Decision: decision})
	if err == nil {
		s.job = out.Job.ID
	}
	return s, err
}

// mended wants everything to be as it was before the harm.
func (b *faultBench) mended(ctx context.Context, s scene) []error {
	return append(b.mustBeThere(ctx, s, models.ResourceActive, 1), b.guestMustBe(ctx, s, *s.guest)...)
}

// orphaned is what a creation leaves that wakes up after it was taken back, and
// the job that removes it.
func (b *faultBench) orphaned(ctx context.Context) (scene, error) {
	s, err := b.order(ctx)
	if err != nil {
		return s, err
	}
	if _, err = b.oracle.NewDelete().Model((*models.Job)(nil)).Where("id = ?", s.job).Exec(ctx); err != nil {
		return s, err
	}
	if err := store.InTx(ctx, b.oracle, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.NewDelete().Model(s.database).WherePK().Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*models.Quota)(nil)).Set("used = 0").Where("customer_id = ?", s.database.CustomerID).Exec(ctx)
		return err
	}); err != nil {
		return s, err
	}
	mark := "mpanel:" + b.installation(ctx) + ":" + s.database.ID.String()
	if err := b.onServerExec(ctx, "CREATE DATABASE "+workName(s.database)+" CONNECTION LIMIT 0; COMMENT ON DATABASE "+workName(s.database)+" IS '"+mark+"'"); err != nil {
		return s, err
	}
	f := &models.DriftFinding{
		ID: ident.NewDriftFindingID(), ServerID: s.database.ServerID, Kind: models.DriftOrphan, ObjectKind: models.ObjectDatabase,
		ExternalName: workName(s.database), Mark: mark, Detail: "The matrix left it.", Surveys: 2, Confirmed: true,
	}
	if _, err := b.oracle.NewInsert().Model(f).Exec(ctx); err != nil {
		return s, err
	}
	out, err := b.panel.databases.DecideFinding(actor.With(ctx, b.staff), database.DecideFindingInput{ID: f.ID, Decision: database.DecideDelete})
	if err == nil {
		s.job = out.Job.ID
	}
	return s, err
}

func (b *faultBench) installation(ctx context.Context) string {
	id, err := b.panel.stores.installation(ctx)
	if err != nil {
		return err.Error()
	}
	return id.String()
}
