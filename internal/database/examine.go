package database

import (
	"context"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An Examination is what there is to say of one server now.
type Examination struct {
	Server *models.DatabaseServer // as the last check left it
	// Err tells why it could not be looked at; nil when it was.
	Err      error
	Findings []*models.DriftFinding // not those of the table, and orphans at first sight, too
}

// Examine compares every server with what we wish, and changes nothing, not even
// the tables. One in maintenance is examined, too.
func (s *Service) Examine(ctx context.Context) ([]Examination, error) {
	var rows []*models.DatabaseServer
	if err := s.db.NewSelect().Model(&rows).Order("s.created_at", "s.id").Scan(ctx); err != nil {
		return nil, store.Wrap(err, "list database servers")
	}
	out := make([]Examination, len(rows))
	for i, row := range rows {
		out[i] = Examination{Server: row}
		out[i].Findings, out[i].Err = s.examine(ctx, row)
		row.AdminPasswordSealed = nil
	}
	return out, ctx.Err()
}

func (s *Service) examine(ctx context.Context, row *models.DatabaseServer) ([]*models.DriftFinding, error) {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	l, err := s.look(ctx, row)
	if err != nil {
		return nil, err
	}
	var found []*models.DriftFinding
	for i, deviations := range l.survey.Deviations {
		for _, d := range deviations {
			found = append(found, &models.DriftFinding{
				ServerID: row.ID, DatabaseID: l.rows[i].ID, CustomerID: l.rows[i].CustomerID,
				Kind: kindOf(d.State), ObjectKind: d.Kind, ExternalName: d.Name, Detail: d.Detail,
			})
		}
	}
	orphans, err := s.orphansOf(ctx, s.db, l)
	if err != nil {
		return nil, err
	}
	for _, o := range orphans {
		found = append(found, &models.DriftFinding{
			ServerID: row.ID, Kind: models.DriftOrphan, ObjectKind: o.Kind, ExternalName: o.Name, Mark: o.Mark, Detail: o.detail(),
		})
	}
	return found, nil
}
