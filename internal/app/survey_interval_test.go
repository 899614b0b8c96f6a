package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// A server that was surveyed is due again after the interval, give or take a tenth.
func TestSurveyServers_Interval(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	for _, every := range []time.Duration{database.MinSurveyEvery, database.SurveyEvery, database.MaxSurveyEvery} {
		_, err := b.oracle.NewUpdate().Model((*models.DatabaseServer)(nil)).Set("next_survey_at = now(), reachable = true").Where("TRUE").Exec(t.Context())
		require.NoError(t, err)
		require.NoError(t, b.panel.databases.SurveyServers(t.Context(), every))
		var pauses []float64
		require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).
			ColumnExpr("extract(epoch FROM next_survey_at - surveyed_at)::float8").Scan(t.Context(), &pauses))
		require.NotEmpty(t, pauses)
		for _, p := range pauses { // the look itself comes between the two, and is not slow
			require.Greater(t, p, 0.9*every.Seconds()-10)
			require.LessOrEqual(t, p, 1.1*every.Seconds())
		}
		require.LessOrEqual(t, 1.1*every.Seconds()+database.SurveyLookEvery(every).Seconds(), 2*every.Seconds(), "found within two intervals")
	}

	// What was put off for an hour is due at once when the interval becomes shorter.
	before := b.surveyedAt(t)
	require.NoError(t, b.panel.databases.SurveyServers(t.Context(), database.MaxSurveyEvery))
	require.Equal(t, before, b.surveyedAt(t), "it is not due yet")
	require.NoError(t, b.panel.databases.SurveyServers(t.Context(), database.SurveyEvery))
	require.NotEqual(t, before, b.surveyedAt(t))

	for _, wrong := range []time.Duration{time.Nanosecond, -time.Minute, database.MinSurveyEvery - 1, database.MaxSurveyEvery + 1} {
		_, err := newPanel(t.Context(), b.panel.stores, config.Options{DataDir: t.TempDir(), SurveyInterval: wrong}, fast("wrong", nil), slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "survey interval", "%v", wrong)
	}
}

func (b *faultBench) surveyedAt(t *testing.T) (at []time.Time) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Column("surveyed_at").Order("id").Scan(t.Context(), &at))
	return at
}
