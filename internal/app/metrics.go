package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
)

func newMetrics(db *store.DB, busy func() int) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		jobStates{db}, drift{db}, quotaLevels{db}, auditSealing{db}, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mpanel_node_jobs_running", Help: "Jobs at work on this node right now.",
		}, func() float64 { return float64(busy()) }), pool("idle", "Idle connections to the panel's database.", func() float64 { return float64(db.Pool.Stat().IdleConns()) }),
		pool("in_use", "Connections to the panel's database in use.", func() float64 { return float64(db.Pool.Stat().AcquiredConns()) }),
		pool("max", "Most connections to the panel's database.", func() float64 { return float64(db.Pool.Stat().MaxConns()) }))
	return r
}

func pool(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mpanel_database_connections_" + name, Help: help}, value)
}

// jobStates counts the jobs that are not over, when it is asked.
type jobStates struct{ db *store.DB }

var jobStatesDesc = prometheus.NewDesc("mpanel_jobs_active", "Jobs that are not over, by state.", []string{"state"}, nil)

// Describe implements prometheus.Collector.
func (jobStates) Describe(c chan<- *prometheus.Desc) { c <- jobStatesDesc }

// Collect implements prometheus.Collector.
func (j jobStates) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var counts []struct {
		State models.JobState
		N     int
	}
	err := j.db.NewSelect().Model((*models.Job)(nil)).Column("state").ColumnExpr("count(*) AS n").
		Where("state IN (?)", bun.List(engine.Active)).Group("state").Scan(ctx, &counts)
	if err != nil {
		c <- prometheus.NewInvalidMetric(jobStatesDesc, err)
		return
	}
	byState := map[models.JobState]int{}
	for _, state := range engine.Active {
		byState[state] = 0 // a series that is not there looks like a server that is not asked
	}
	for _, n := range counts {
		byState[n.State] = n.N
	}
	for state, n := range byState {
		c <- prometheus.MustNewConstMetric(jobStatesDesc, prometheus.GaugeValue, float64(n), string(state))
	}
}

// drift tells what the surveys of servers have found.
type drift struct{ db *store.DB }

var (
	driftFindingsDesc = prometheus.NewDesc("mpanel_drift_findings", "Objects on servers that are not as they are to be, and are not ignored, by kind.", []string{"kind"}, nil)
	driftBrakesDesc   = prometheus.NewDesc("mpanel_drift_brakes", "Servers whose repairs rest, since too much differs at once.", nil, nil)
	surveyAgeDesc     = prometheus.NewDesc("mpanel_survey_age_seconds", "Seconds since the last survey of the server that waits for longest.", nil, nil)
)

// Describe implements prometheus.Collector.
func (drift) Describe(c chan<- *prometheus.Desc) {
	c <- driftFindingsDesc
	c <- driftBrakesDesc
	c <- surveyAgeDesc
}

// Collect implements prometheus.Collector.
func (d drift) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var kinds []struct {
		Kind models.DriftKind
		N    int
	}
	err := d.db.NewSelect().Model((*models.DriftFinding)(nil)).Column("kind").ColumnExpr("count(*) AS n").
		Where("resolved_at IS NULL").Where("confirmed").Where("NOT ignored").Group("kind").Scan(ctx, &kinds)
	if err != nil {
		c <- prometheus.NewInvalidMetric(driftFindingsDesc, err)
		return
	}
	byKind := map[models.DriftKind]int{models.DriftMissing: 0, models.DriftDiffers: 0, models.DriftOrphan: 0, models.DriftForeign: 0}
	for _, k := range kinds {
		byKind[k.Kind] = k.N
	}
	for kind, n := range byKind {
		c <- prometheus.MustNewConstMetric(driftFindingsDesc, prometheus.GaugeValue, float64(n), string(kind))
	}
	var brakes int
	var age float64
	err = d.db.NewSelect().Model((*models.DatabaseServer)(nil)).ColumnExpr("count(*) FILTER (WHERE drift_brake = 'ON')").
		ColumnExpr("coalesce(EXTRACT(epoch FROM now() - min(coalesce(surveyed_at, created_at))), 0)::float8").Scan(ctx, &brakes, &age)
	if err != nil {
		c <- prometheus.NewInvalidMetric(driftBrakesDesc, err)
		return
	}
	c <- prometheus.MustNewConstMetric(driftBrakesDesc, prometheus.GaugeValue, float64(brakes))
	c <- prometheus.MustNewConstMetric(surveyAgeDesc, prometheus.GaugeValue, age)
}

// quotaLevels counts the quotas that are nearly or wholly used, when it is asked.
type quotaLevels struct{ db *store.DB }

var quotaLevelsDesc = prometheus.NewDesc("mpanel_quotas", "Quotas of customers from 80 % on, by name and level.", []string{"name", "level"}, nil)

// Describe implements prometheus.Collector.
func (quotaLevels) Describe(c chan<- *prometheus.Desc) { c <- quotaLevelsDesc }

// Collect implements prometheus.Collector.
func (l quotaLevels) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	type series struct {
		Name  models.QuotaName
		Level models.QuotaLevel
	}
	var counts []struct {
		Name  models.QuotaName
		Level models.QuotaLevel
		N     int
	}
	err := l.db.NewSelect().Model((*models.Quota)(nil)).Column("name", "level").ColumnExpr("count(*) AS n").
		Where("level <> ?", models.QuotaNormal).Group("name", "level").Scan(ctx, &counts)
	if err != nil {
		c <- prometheus.NewInvalidMetric(quotaLevelsDesc, err)
		return
	}
	all := map[series]int{}
	for _, name := range models.QuotaNames() {
		for _, level := range []models.QuotaLevel{models.QuotaWarning, models.QuotaCritical, models.QuotaExceeded} {
			all[series{name, level}] = 0 // as of jobs: a series that is not there tells nothing
		}
	}
	for _, n := range counts {
		all[series{n.Name, n.Level}] = n.N
	}
	for s, n := range all {
		c <- prometheus.MustNewConstMetric(quotaLevelsDesc, prometheus.GaugeValue, float64(n), string(s.Name), string(s.Level))
	}
}

// operations tells who executed the graph's operations.
type operations struct{ schema *executor.Schema }

var operationsDesc = prometheus.NewDesc("mpanel_graphql_operations_total", "GraphQL operations executed, by executor: compiled, or stock for what the compiled one does not cover.", []string{"executor"}, nil)

// Describe implements prometheus.Collector.
func (operations) Describe(c chan<- *prometheus.Desc) { c <- operationsDesc }

// Collect implements prometheus.Collector.
func (o operations) Collect(c chan<- prometheus.Metric) {
	planned, fallen := o.schema.Counts()
	c <- prometheus.MustNewConstMetric(operationsDesc, prometheus.CounterValue, float64(planned), "compiled")
	c <- prometheus.MustNewConstMetric(operationsDesc, prometheus.CounterValue, float64(fallen), "stock")
}

// comparisons tells how often the executors were compared, and differed.
type comparisons struct{ shadow *executor.Shadow }

var (
	comparedDesc  = prometheus.NewDesc("mpanel_graphql_queries_compared_total", "Queries that both executors have executed.", nil, nil)
	differentDesc = prometheus.NewDesc("mpanel_graphql_queries_different_total", "Queries that the executors have answered differently.", nil, nil)
)

// Describe implements prometheus.Collector.
func (comparisons) Describe(c chan<- *prometheus.Desc) {
	c <- comparedDesc
	c <- differentDesc
}

// Collect implements prometheus.Collector.
func (s comparisons) Collect(c chan<- prometheus.Metric) {
	compared, different := s.shadow.Counts()
	c <- prometheus.MustNewConstMetric(comparedDesc, prometheus.CounterValue, float64(compared))
	c <- prometheus.MustNewConstMetric(differentDesc, prometheus.CounterValue, float64(different))
}

// admissions tell of large queries that wait for each other.
func admissions(a *transport.Admission) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mpanel_graphql_queries_waiting", Help: "Large queries that wait for others right now."},
			func() float64 { n, _, _ := a.Stats(); return float64(n) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "mpanel_graphql_queries_waited_total", Help: "Large queries that had to wait for others."},
			func() float64 { _, n, _ := a.Stats(); return float64(n) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "mpanel_graphql_queries_refused_total", Help: "Large queries that were refused since others took too long."},
			func() float64 { _, _, n := a.Stats(); return float64(n) }),
	}
}

// mailing tells how mails leave: what waits of all nodes, and what this one has done.
type mailing struct {
	db     *store.DB
	sender *notify.Sender
}

var (
	mailsWaitingDesc = prometheus.NewDesc("mpanel_mails_waiting", "E-mails that wait to be sent, by whatever node.", nil, nil)
	mailsOldestDesc  = prometheus.NewDesc("mpanel_mails_oldest_seconds", "Seconds that the e-mail has waited that waits for longest; 0 without one.", nil, nil)
	mailsSentDesc    = prometheus.NewDesc("mpanel_mails_sent_total", "E-mails that this node has sent.", nil, nil)
	mailsFailedDesc  = prometheus.NewDesc("mpanel_mails_failed_total", "Attempts of this node to send an e-mail that failed, by class; REFUSED and EXPIRED are e-mails that were given up.", []string{"class"}, nil)
)

// Describe implements prometheus.Collector.
func (mailing) Describe(c chan<- *prometheus.Desc) {
	c <- mailsWaitingDesc
	c <- mailsOldestDesc
	c <- mailsSentDesc
	c <- mailsFailedDesc
}

// Collect implements prometheus.Collector.
func (m mailing) Collect(c chan<- prometheus.Metric) {
	done := m.sender.Stats()
	c <- prometheus.MustNewConstMetric(mailsSentDesc, prometheus.CounterValue, float64(done.Sent))
	for class, n := range done.Failed {
		c <- prometheus.MustNewConstMetric(mailsFailedDesc, prometheus.CounterValue, float64(n), string(class))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	waiting, err := notify.Waiting(ctx, m.db)
	if err != nil {
		c <- prometheus.NewInvalidMetric(mailsWaitingDesc, err)
		return
	}
	c <- prometheus.MustNewConstMetric(mailsWaitingDesc, prometheus.GaugeValue, float64(waiting.Mails))
	c <- prometheus.MustNewConstMetric(mailsOldestDesc, prometheus.GaugeValue, waiting.Age.Seconds())
}
