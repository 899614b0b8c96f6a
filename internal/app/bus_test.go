package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/testkit/natsd"
	"github.com/mpanel/mpanel/models"
)

// gathered is a metric's value on a node.
func gathered(t *testing.T, p *panel, name string, labels ...string) float64 {
	t.Helper()
	families, err := p.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetValue())
			}
			if strings.Join(have, " ") == strings.Join(labels, " ") {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

func (b bus) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, b.nats.Ping(ctx))
}

// TestBus_NATSRestartsAmongTwoNodes: one node runs what another was asked for, and
// watches; NATS goes away and comes back in the middle, again and again. Each event
// arrives once, in order, and none a second late while NATS is there.
func TestBus_NATSRestartsAmongTwoNodes(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	var restart atomic.Pointer[func()]
	u := newNodes(t, func(_ context.Context, point string) error {
		if f := restart.Load(); f != nil && strings.HasSuffix(point, "/create-database:created") {
			(*f)()
		}
		return nil
	}, func(_ *engine.Config, o *config.Options) { o.NATSURL = nats.URL() })
	u.runner.bus.await(t)
	u.panel.bus.await(t)
	c := u.customer(t, nil, 30)
	round := func(name string, n int) {
		t.Helper()
		var list []func(models.JobState)
		for i := range n {
			out, err := u.create(t.Context(), u.staff, c, fmt.Sprintf("%s_%s%d", u.name, name, i))
			require.NoError(t, err)
			s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
			t.Cleanup(func() { u.clear(t, s) })
			list = append(list, u.follow(t, s.job))
		}
		for _, ends := range list {
			ends(models.JobSucceeded)
		}
	}

	round("up", 3)
	require.Positive(t, gathered(t, u.panel, "mpanel_bus_received_messages_total"), "events came over NATS")
	overNATS := u.worst

	stop, start := func() { nats.Stop() }, func() { nats.Start() }
	for _, f := range []func(){stop, start, stop, start} {
		var once atomic.Bool
		g := func() {
			if once.CompareAndSwap(false, true) {
				f()
			}
		}
		restart.Store(&g)
		round(fmt.Sprintf("r%d_", time.Now().UnixNano()%1e6), 3)
		require.True(t, once.Load(), "it was in the middle")
	}
	restart.Store(nil)
	u.runner.bus.await(t)
	u.panel.bus.await(t)
	before := gathered(t, u.panel, "mpanel_bus_received_messages_total")
	round("again", 3)
	require.Greater(t, gathered(t, u.panel, "mpanel_bus_received_messages_total"), before, "over NATS again")
	for _, p := range []*panel{u.panel, u.runner} {
		for _, reason := range []string{"unregistered", "malformed", "forged", "too_large"} {
			require.Zero(t, gathered(t, p, "mpanel_bus_lost_messages_total", reason), reason)
		}
	}
	testkit.Reportf(t, "two nodes: an event is told %v after it at the latest over NATS, and %v while that restarts", overNATS.Round(time.Millisecond), u.worst.Round(time.Millisecond))
	require.Less(t, u.worst, 5*jobs.LookEvery, "while NATS is away, a look comes every second, and takes its time")
}

// A deaf wire is a connection that nobody reads.
type deafWire struct{}

func (deafWire) Flush(bool) bool { return true }
func (deafWire) Ping()           {}
func (deafWire) Break()          {}

// connect opens a connection of a user on a node.
func connect(t *testing.T, p *panel, who *actor.Actor) *live.Conn {
	t.Helper()
	c, err := p.live.Open(t.Context(), actor.Request{IP: "192.0.2.1"}, func(*live.Conn) live.Wire { return deafWire{} })
	require.NoError(t, err)
	t.Cleanup(c.Closed)
	require.NoError(t, c.Acknowledge(who))
	return c
}

// TestBus_RevocationsReachEveryNode (F7, F20, S24): a session that is ended on one node
// ends what is open in it on another within a second: over NATS at once, and without
// it by the look at the tables.
func TestBus_RevocationsReachEveryNode(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	u := newNodes(t, nil, func(_ *engine.Config, o *config.Options) { o.NATSURL = nats.URL() })
	for _, p := range []*panel{u.panel, u.runner} {
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		done := make(chan struct{})
		go func() { defer close(done); p.live.Follow(ctx) }()
		t.Cleanup(func() { stop(); <-done })
		p.bus.await(t)
	}
	password := secret.NewPassword(24)
	signedIn := func(email string) *actor.Actor { // in one more session
		out, err := u.panel.auth.SignIn(t.Context(), auth.SignInInput{Email: email, Password: password})
		require.NoError(t, err)
		who, err := u.runner.auth.Authenticate(t.Context(), out.AccessToken)
		require.NoError(t, err)
		require.False(t, who.Session.IsZero())
		return who
	}
	user := func(name string) *actor.Actor {
		_, err := u.panel.auth.CreateAdmin(t.Context(), name+"@example.com", "Somebody", password)
		require.NoError(t, err)
		return signedIn(name + "@example.com")
	}
	ann, bob, eve := user("ann"), user("bob"), user("eve")
	other := connect(t, u.runner, eve)

	require.Eventually(t, func() bool { // until NATS knows that the node listens
		again := connect(t, u.runner, ann)
		u.panel.live.Revoke(live.Principal{User: ann.User})
		began := time.Now()
		for !again.IsClosing() && time.Since(began) < 200*time.Millisecond {
			<-time.After(time.Millisecond) // there is nothing that tells
		}
		return again.IsClosing()
	}, 20*time.Second, time.Millisecond)
	beside := connect(t, u.runner, signedIn("ann@example.com"))
	there, here := connect(t, u.runner, ann), connect(t, u.panel, ann)
	began := time.Now()
	_, err := u.panel.auth.SignOut(actor.With(t.Context(), ann))
	require.NoError(t, err)
	require.Equal(t, live.Revoked, here.Reason())
	require.Eventually(t, func() bool { return there.Reason() == live.Revoked }, 20*time.Second, time.Millisecond)
	overNATS := time.Since(began)
	require.Less(t, overNATS, 3*time.Second)

	nats.Stop()
	lookedAt := connect(t, u.runner, bob)
	again := signedIn("bob@example.com")
	began = time.Now()
	out, err := u.panel.auth.RevokeSession(actor.With(t.Context(), again), auth.RevokeSessionInput{All: true})
	require.NoError(t, err)
	require.Equal(t, 1, out.Revoked)
	require.Eventually(t, func() bool { return lookedAt.Reason() == live.Revoked }, 20*time.Second, time.Millisecond)
	byLooking := time.Since(began)
	require.Less(t, byLooking, 3*time.Second)
	require.False(t, other.IsClosing() || beside.IsClosing(), "nobody else is disturbed, and no other session")
	testkit.Reportf(t, "revocation on another node: %v over NATS, %v without", overNATS.Round(time.Microsecond), byLooking.Round(time.Millisecond))
}

func TestBusKinds_AnEventComesAsItIsInTheRows(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	u := newNodes(t, nil, func(_ *engine.Config, o *config.Options) { o.NATSURL = nats.URL() })
	u.runner.bus.await(t)
	u.panel.bus.await(t)
	c := u.customer(t, nil, 1)
	out, err := u.create(t.Context(), u.staff, c, u.name+"_same")
	require.NoError(t, err)
	s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	defer u.clear(t, s)
	u.follow(t, s.job)(models.JobSucceeded)
	var rows []*models.JobEvent
	require.NoError(t, u.oracle.NewSelect().Model(&rows).Where("job_id = ?", s.job).Order("seq").Scan(t.Context()))
	require.NotEmpty(t, rows)
	full := *rows[0]
	full.Step, full.StepState, full.Message, full.ErrorMessage, full.Data = new("s"), new(models.StepDone), new("m"), new("e"), json.RawMessage(`{"a":1}`)
	full.ErrorCode = new(fault.Conflict)
	for _, row := range append(rows, &full) {
		body, err := json.Marshal(jobEventMessageOf(row))
		require.NoError(t, err)
		var m jobEventMessage
		require.NoError(t, json.Unmarshal(body, &m))
		got, ok := jobEventOf(engine.Topic(row.JobID), m)
		require.True(t, ok)
		require.Equal(t, row, got)
		_, ok = jobEventOf(engine.Topic(ident.NewJobID()), m)
		require.False(t, ok, "it is of another job")
	}
	for _, body := range []string{`{}`, `null`, `{"jobId":"x","seq":1}`, `{"jobId":"` + s.job.Opaque() + `"}`} {
		var m jobEventMessage
		require.NoError(t, json.Unmarshal([]byte(body), &m))
		_, ok := jobEventOf(engine.Topic(s.job), m)
		require.False(t, ok, body)
	}
	for _, p := range []live.Principal{{User: ident.NewUserID()}, {Session: ident.NewSessionID()}, {APIToken: ident.NewAPITokenID()}, {Token: "t"}, {Impersonation: ident.NewImpersonationID()}, {Customer: ident.NewCustomerID()}} {
		body, err := json.Marshal(revocationMessageOf(p))
		require.NoError(t, err)
		var m revocationMessage
		require.NoError(t, json.Unmarshal(body, &m))
		got, ok := principalOf(live.RevocationTopic, m)
		require.True(t, ok)
		require.Equal(t, p, got)
	}
	_, ok := principalOf(live.RevocationTopic, revocationMessage{})
	require.False(t, ok, "nobody")
}

// TestBus_MetricsOfAnotherNodesHost: a host is watched on a node that it is not the host of.
func TestBus_MetricsOfAnotherNodesHost(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	u := newNodes(t, nil, func(_ *engine.Config, o *config.Options) { o.NATSURL = nats.URL() })
	for _, p := range []*panel{u.panel, u.runner} {
		require.NoError(t, p.fleet.RegisterHost(t.Context()))
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		done := make(chan struct{})
		go func() { defer close(done); p.fleet.Run(ctx) }()
		t.Cleanup(func() { stop(); <-done })
		p.bus.await(t)
	}
	var there models.Server
	require.NoError(t, u.oracle.NewSelect().Model(&there).Where("node = 'runner'").Scan(t.Context()))
	ctx, stop := context.WithCancel(u.asStaff(t))
	defer stop()
	stream, err := u.panel.fleet.Watch(ctx, there.ID, nil)
	require.NoError(t, err)
	var last time.Time
	for range 3 {
		select {
		case m := <-stream:
			require.True(t, m.At.After(last))
			require.Len(t, m.CorePercents, *there.CPUCount)
			require.Equal(t, *there.MemoryBytes, m.MemoryTotalBytes)
			require.NotEmpty(t, m.Disks)
			last = m.At
		case <-time.After(20 * time.Second):
			require.FailNow(t, "nothing comes from the other node")
		}
	}
	latest, err := u.panel.fleet.LatestMetrics(ctx, []*models.Server{&there})
	require.NoError(t, err)
	require.NotNil(t, latest[0])
	for name, body := range map[string]string{"null": "null", "empty": "{}", "a disk that is null": `{"at":"2026-11-26T00:00:00Z","corePercents":[],"disks":[null],"networks":[]}`} {
		var m *fleet.Metrics
		require.NoError(t, json.Unmarshal([]byte(body), &m))
		_, ok := metricsOf("", m)
		require.False(t, ok, name)
	}
}

func TestOpenBus_BadURL(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	_, err := openBus(config.Options{NATSURL: secret.New("http://panel:" + password + "@nats")}, testkit.Box(t), uuid.New(), "a", slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "MPANEL_NATS_URL")
	require.ErrorContains(t, err, "neither nats nor tls")
	require.NotContains(t, err.Error(), password)
}

func TestDoctor_NATSIsAway(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	b, err := openBus(config.Options{NATSURL: nats.URL()}, testkit.Box(t), uuid.New(), "a", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer b.close()
	require.Empty(t, b.complaints(t.Context()))
	nats.Stop()
	list := b.complaints(t.Context())
	require.Len(t, list, 1)
	require.Equal(t, "UNAVAILABLE", list[0].What)
	nats.Start()
	require.Empty(t, b.complaints(t.Context()))
}
