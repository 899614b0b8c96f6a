package database

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// SurveyEvery is the usual pause between two surveys of a server.
	SurveyEvery = time.Minute
	// MinSurveyEvery is the shortest.
	MinSurveyEvery = 2 * time.Second
	// MaxSurveyEvery is the longest.
	MaxSurveyEvery = time.Hour

	surveyTimeout = 30 * time.Second
	surveysAtOnce = 8
)

// settledStates are those in which a database is compared with its server; in
// the others its job says what is there.
var settledStates = []models.ResourceState{models.ResourceActive, models.ResourceDegraded, models.ResourceSuspended}

// SurveyLookEvery is the pause between two looks for servers that are due, so
// that what changes on a server is seen within twice every.
func SurveyLookEvery(every time.Duration) time.Duration {
	return min(max(every/12, time.Second), 5*time.Second)
}

// SurveyServers compares what is due with what we wish: it notes findings,
// orders repairs and removes what a dead job is known to have left. A server
// that is away, blocked or in maintenance is left for later. Which is due is
// PostgreSQL's word, and one node's at a time. A server is due again after every,
// give or take a tenth so that servers spread by themselves; and at once when it
// is due later than that, because every was longer before.
func (s *Service) SurveyServers(ctx context.Context, every time.Duration) error {
	var rows []*models.DatabaseServer
	err := s.db.NewRaw(`UPDATE database_servers AS s SET next_survey_at = now() + ?0 * (0.9 + 0.2 * random()) * interval '1 second'
		WHERE s.id IN (SELECT id FROM database_servers WHERE (next_survey_at <= now() OR next_survey_at > now() + ?0 * 1.1 * interval '1 second')
			AND reachable AND NOT blocked AND maintenance IS NULL FOR UPDATE SKIP LOCKED) RETURNING s.*`, every.Seconds()).Scan(ctx, &rows)
	if err != nil {
		return store.Wrap(err, "choose servers to survey")
	}
	return onEach(rows, surveysAtOnce, func(row *models.DatabaseServer) error { return s.surveyServer(ctx, row) })
}

// surveyServer surveys one server and acts on what it sees.
func (s *Service) surveyServer(ctx context.Context, row *models.DatabaseServer) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	l, err := s.look(ctx, row)
	if err != nil {
		return fmt.Errorf("survey database server %s: %w", row.ID, err)
	}
	return s.judge(ctx, l)
}

// A looked is what one look at a server saw, beside what it is compared with.
type looked struct {
	server   *models.DatabaseServer
	began    time.Time // by PostgreSQL's clock: what changed since is not judged
	rows     []*wished
	expected []Expected
	survey   Survey
}

// look reads the rows first and the server afterwards, and changes nothing.
func (s *Service) look(ctx context.Context, server *models.DatabaseServer) (*looked, error) {
	l := &looked{server: server}
	if err := s.db.NewSelect().ColumnExpr("clock_timestamp()").Scan(ctx, &l.began); err != nil {
		return nil, store.Wrap(err, "read the time")
	}
	err := selectWished(s.db, &l.rows).Where("d.server_id = ?", server.ID).Where("d.state IN (?)", bun.List(settledStates)).
		Where("d.drift_policy <> ?", models.DriftIgnore).
		Where("(d.previous_until IS NULL OR d.previous_until > now())"). // the login before is about to go
		Where("NOT EXISTS (SELECT FROM jobs AS j WHERE j.state IN (?) AND (j.resource_id = d.id OR j.resource_id IN (SELECT id FROM database_users AS du WHERE du.database_id = d.id)))",
			bun.List(engine.Active)).Order("d.id").Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "read databases of server %s", server.ID)
	}
	var users []*models.DatabaseUser
	//allow:tenant a survey compares all of a server
	err = s.db.NewSelect().Model(&users).Where("du.server_id = ?", server.ID).Where("du.state = ?", models.ResourceActive).Order("du.id").Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "read database users of server %s", server.ID)
	}
	of := map[ident.DatabaseID][]*models.DatabaseUser{}
	for _, u := range users {
		of[u.DatabaseID] = append(of[u.DatabaseID], u)
	}
	l.expected = make([]Expected, len(l.rows))
	for i, row := range l.rows {
		if l.expected[i], err = s.expect(row, of[row.ID]); err != nil {
			return nil, err
		}
	}
	conn, err := s.dial(server)
	if err != nil {
		return nil, err
	}
	l.survey, err = conn.Survey(ctx, s.marks(), l.expected)
	return l, err
}

func (s *Service) expect(row *wished, users []*models.DatabaseUser) (Expected, error) {
	verifier, err := s.openVerifier(&row.Database, row.VerifierSealed, verifierPlace(row.ID))
	if err != nil {
		return Expected{}, err
	}
	e := Expected{Login: s.loginOf(&row.Database, verifier), Space: s.spaceOf(&row.Database)}
	// What nothing holds any more is opened by a job of its own, with its state.
	e.Shut = row.Shut || row.State == models.ResourceSuspended
	previous, err := s.previous(&row.Database, e.Login, e.Space)
	if err != nil {
		return Expected{}, err
	}
	if previous != nil {
		e.Members = append(e.Members, *previous)
	}
	for _, u := range users {
		m, err := s.member(u, models.DatabaseUserWish{
			Rights: u.Rights, VerifierSealed: u.VerifierSealed, ConnectionLimit: u.ConnectionLimit, StatementTimeoutSeconds: u.StatementTimeoutSeconds,
		}, userVerifierPlace(u.ID), e.Space)
		if err != nil {
			return Expected{}, err
		}
		e.Members = append(e.Members, m)
	}
	return e, nil
}
