package pgprov

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

const slotsTaken = `it has no connection slot left \(SQLSTATE 53300\)`

func requireUnavailable(t *testing.T, err error, reason string) {
	t.Helper()
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.False(t, fault.IsPermanent(err))
	f, _ := errors.AsType[*fault.Error](err)
	require.Regexp(t, `^The database server at .+:\d+ cannot be reached: `+reason+`\.$`, f.Message)
}

func TestServer_Down(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	for name, host := range map[string]string{"nothing listens": "127.0.0.1", "no such socket": "/nonexistent"} {
		t.Run(name, func(t *testing.T) {
			w := &world{server: d.Server(database.Address{Host: host, Port: port, User: "x"}).(*server)}
			began := time.Now()
			for _, c := range w.calls(goodWish(t)) {
				requireUnavailable(t, c.do(t.Context()), "it refuses connections")
			}
			_, err := w.Version(t.Context())
			requireUnavailable(t, err, "it refuses connections")
			require.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

func TestServer_DoesNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, and no one says a word
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	s := d.Server(database.Address{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "x", SSLMode: "disable"})

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = s.Version(ctx)
	requireUnavailable(t, err, "it does not answer in time")
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = s.Version(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, fault.Internal, fault.CodeOf(err), "the caller gave up; the server is not to blame")

	began := time.Now()
	_, err = s.Version(t.Context())
	requireUnavailable(t, err, "it does not answer in time")
	require.Less(t, time.Since(began), patience+time.Second, "the first attempt is still under way; that of another is not waited for")
}

// A crowd at a server that is gone makes a few connections, not one each, and
// nobody waits for as long as a connection may take.
func TestServer_CrowdAtAServerThatIsGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var dials atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			defer func() { _ = conn.Close() }()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	s := d.Server(database.Address{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "x", SSLMode: "disable"})

	ctx, cancel := context.WithTimeout(t.Context(), connectTimeout+2*time.Second) // the first attempt fails within
	defer cancel()
	var asked, waited atomic.Int64
	var crowd sync.WaitGroup
	for range 16 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				_, err := s.Version(ctx)
				if asked.Add(1); time.Since(began) > patience+time.Second && ctx.Err() == nil {
					waited.Add(1)
				}
				if ctx.Err() == nil {
					assert.Equal(t, fault.Unavailable, fault.CodeOf(err))
				}
			}
		})
	}
	crowd.Wait()
	require.Greater(t, asked.Load(), int64(1000), "most are answered at once")
	require.LessOrEqual(t, dials.Load(), int64(3))
	require.LessOrEqual(t, waited.Load(), dials.Load(), "only whoever tries waits")
}

// Once somebody gets in, everybody does.
func TestServer_BackFromAnOutage(t *testing.T) {
	c := startOther(t)
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	s := d.Server(database.Address{Host: c.Host(), Port: c.Port(), User: rootUser, Password: adminPassword}).(*server)
	_, err := s.Version(t.Context())
	require.NoError(t, err)

	s.breaker.leave(s.unavailable(nil, "it refuses connections"), false)
	s.breaker.rests = time.Now().Add(time.Hour)
	err = s.inside(t.Context(), adminDatabase, func(*pgx.Conn) error { return nil })
	requireUnavailable(t, err, "it refuses connections")
	in, err := s.inspect(t.Context())
	require.NoError(t, err)
	require.True(t, in.Reachable, "a check does not ask the breaker")
	require.NoError(t, s.inside(t.Context(), adminDatabase, func(*pgx.Conn) error { return nil }), "and what it finds holds for all")
}

// The admin's password is changed behind our back: that may be the next thing
// to be put right, so nothing fails for good, and customers learn no more than
// that there is an outage.
func TestServer_PasswordChangedBehindOurBack(t *testing.T) {
	told := new(buffer)
	d := NewDialer(0, slog.New(slog.NewJSONHandler(told, nil)))
	t.Cleanup(d.Close)
	a := address(rootUser)
	a.Password = secret.New("yesterday's")
	s := d.Server(a)
	for range 3 {
		_, err := s.Version(t.Context())
		requireUnavailable(t, err, "it does not let the panel in")
	}
	require.Equal(t, 1, strings.Count(told.String(), "lets nobody in"), "said once")
	require.Contains(t, told.String(), "password authentication failed")
	in, err := d.Inspect(t.Context(), a)
	require.NoError(t, err)
	require.False(t, in.Reachable)
	require.Len(t, in.Problems, 1)
	require.Regexp(t, `^The server refuses the role postgres: password authentication failed .*updateDatabaseServer.*ALTER ROLE "postgres" LOGIN PASSWORD '\.\.\.';`, in.Problems[0])
	require.NotContains(t, told.String()+in.Problems[0], "yesterday")
}

func TestServer_Restarted(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		for _, immediate := range []bool{false, true} {
			require.NoError(t, cluster.Restart(t.Context(), immediate))
			// What the pool kept is dead: at most that is noticed, and never as
			// anything but an outage.
			for range maxConns + 1 {
				if _, err := w.Version(t.Context()); err != nil {
					require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
				}
			}
			v, err := w.Version(t.Context())
			require.NoError(t, err)
			require.Equal(t, cluster.Version(), v)
			require.Equal(t, allMatch, w.states(t, x))
		}
	})
}

// takeSlots takes every slot of the server that user may have.
func takeSlots(t *testing.T, user string) (free func()) {
	t.Helper()
	var conns []*pgx.Conn
	for range maxConnections + 1 {
		conn, err := connect(t, user, adminPassword, adminDatabase)
		if err != nil {
			require.Equal(t, "53300", stateOf(err))
			return func() {
				for _, c := range conns {
					require.NoError(t, c.Close(t.Context()))
				}
			}
		}
		conns = append(conns, conn)
	}
	t.Fatal("the server has no limit")
	return nil
}

func TestServer_AllSlotsTaken(t *testing.T) {
	plain, root := newWorld(t, plainUser), newWorld(t, rootUser)
	x, y := plain.newWish(t), newWorld(t, rootUser).newWish(t)

	free := takeSlots(t, plainUser)
	for _, c := range plain.calls(x) {
		requireUnavailable(t, c.do(t.Context()), slotsTaken)
	}
	// A superuser still has the slots that are kept for it.
	root.create(t, y)
	require.Equal(t, allMatch, root.states(t, y))
	root.dialer.Close() // its slots are wanted

	full := takeSlots(t, rootUser)
	late := newWorld(t, rootUser)
	_, err := late.Version(t.Context())
	requireUnavailable(t, err, slotsTaken)
	full()
	free()

	plain.create(t, x)
}

// What customers read of a refusal has its SQLSTATE, and nothing that the server said.
func TestWrap_Told(t *testing.T) {
	s := &server{where: "db.test:5432"}
	for code, want := range map[string]string{
		"42501": "The database server refused it: the panel's own role there lacks a right (SQLSTATE 42501).",
		"55000": "The database server refused it: something there is not in the state for it (SQLSTATE 55000).",
		"58030": "The database server refused it: its system gave an error (SQLSTATE 58030).",
		"P0001": "The database server refused it: a function or a trigger there forbids it (SQLSTATE P0001).",
		"42601": "The database server refused it: the statement gave an error (SQLSTATE 42601).",
	} {
		f, ok := errors.AsType[*failure](s.wrap(&pgconn.PgError{Code: code, Message: `could not open file "base/5/1": hunter2`}, "create role shop"))
		require.True(t, ok, code)
		require.Equal(t, want, f.Told())
	}
	f, ok := errors.AsType[*failure](s.wrap(errors.New("cannot scan"), "look"))
	require.True(t, ok)
	require.Empty(t, f.Told())
}

// A server that takes the admin's right away says so by its code, which is no outage.
func TestServer_AdminLacksARight(t *testing.T) {
	w := newWorld(t, plainUser)
	x := w.newWish(t)
	ctx := context.WithoutCancel(t.Context())
	root, err := connect(t, rootUser, adminPassword, adminDatabase)
	require.NoError(t, err)
	admin := pgx.Identifier{plainUser}.Sanitize()
	t.Cleanup(func() {
		_, err := root.Exec(ctx, "ALTER ROLE "+admin+" CREATEDB")
		require.NoError(t, err)
	})
	_, err = root.Exec(ctx, "ALTER ROLE "+admin+" NOCREATEDB")
	require.NoError(t, err)
	err = w.EnsureSpace(t.Context(), x.space)
	require.Equal(t, fault.Internal, fault.CodeOf(err), "it is tried again as before: %v", err)
	require.False(t, fault.IsPermanent(err))
	told, ok := errors.AsType[interface {
		error
		Told() string
	}](err)
	require.True(t, ok)
	require.Equal(t, "The database server refused it: the panel's own role there lacks a right (SQLSTATE 42501).", told.Told())
}

func TestWrap_Reasons(t *testing.T) {
	pg := func(code string) error {
		return &pgconn.PgError{Code: code, Message: "m", Detail: "detail", Where: "where"}
	}
	s := &server{where: "db.test:5432"}
	for name, tc := range map[string]struct {
		err    error
		reason string // "" for an error that is not an outage
	}{
		"shutting down":       {pg("57P01"), `it is starting or stopping \(SQLSTATE 57P01\)`},
		"crashed":             {pg("57P02"), `it is starting or stopping \(SQLSTATE 57P02\)`},
		"starting":            {pg("57P03"), `it is starting or stopping \(SQLSTATE 57P03\)`},
		"full":                {pg("53300"), slotsTaken},
		"connection failure":  {pg("08006"), `the connection broke \(SQLSTATE 08006\)`},
		"protocol violation":  {pg("08P01"), `the connection broke \(SQLSTATE 08P01\)`},
		"unknown name":        {&net.DNSError{Err: "no such host", Name: "x"}, "its name cannot be resolved"},
		"closed under us":     {fmt.Errorf("x: %w", pgconn.ErrConnClosed), "the connection broke"},
		"reset":               {&net.OpError{Op: "read", Err: errors.New("reset")}, "the connection broke"},
		"denied":              {pg("42501"), ""},
		"wrong password":      {pg("28P01"), "it does not let the panel in"},
		"read-only":           {pg("25006"), `it accepts no changes \(SQLSTATE 25006\)`},
		"disk full":           {pg("53100"), `its disk is full \(SQLSTATE 53100\)`},
		"query was cancelled": {pg("57014"), ""},
		"of our own making":   {errors.New("cannot scan"), ""},
		"caller gave up":      {context.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.wrap(fmt.Errorf("outer: %w", tc.err), "do it")
			require.ErrorContains(t, err, "do it: ")
			require.NotContains(t, err.Error(), "detail")
			require.Same(t, err, s.wrap(err, "do more"), "wrapped once")
			_, raw := errors.AsType[*pgconn.PgError](err)
			require.False(t, raw)
			if tc.reason == "" {
				require.Equal(t, fault.Internal, fault.CodeOf(err))
				return
			}
			requireUnavailable(t, err, tc.reason)
		})
	}
	require.NoError(t, s.wrap(nil, "do it"))
}

func TestDialer_OnePoolPerAddress(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	a, b := address(rootUser), address(plainUser)
	require.Same(t, d.Server(a), d.Server(a))
	require.NotSame(t, d.Server(a), d.Server(b))
	_, err := d.Server(a).Version(t.Context())
	require.NoError(t, err)
	require.Nil(t, d.Server(b).(*server).pool, "only what is used connects")
	d.Close()
	d.Close()
	_, err = d.Server(a).Version(t.Context())
	require.ErrorIs(t, err, errClosed)
	_, err = d.Server(database.Address{Host: "new", Port: 1, User: "x"}).Version(t.Context())
	require.ErrorIs(t, err, errClosed)
}

func TestDialer_Forget(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	defer d.Close()
	a := address(plainUser)
	s := d.Server(a).(*server)
	pool, err := s.admin()
	require.NoError(t, err)
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	var pid int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid), "who is at work goes on")

	d.Forget(a)
	d.Forget(a)
	require.Eventually(t, func() bool { _, err := s.admin(); return err != nil }, 5*time.Second, time.Millisecond)
	_, err = s.Version(t.Context())
	requireUnavailable(t, err, "its address was changed")
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	conn.Release()
	require.Eventually(t, func() bool {
		return ask(t, adminDatabase, "SELECT count(*)::text FROM pg_stat_activity WHERE pid = $1", pid) == "0"
	}, 5*time.Second, 10*time.Millisecond, "then its connection is closed")

	require.NotSame(t, s, d.Server(a))
	_, err = d.Server(a).Version(t.Context())
	require.NoError(t, err, "the same address may come back")
}

// PGxxx variables are for the panel's own database.
func TestDialer_IgnoresTheEnvironment(t *testing.T) {
	for k, v := range map[string]string{
		"PGHOST": "wrong.test", "PGPORT": "1", "PGUSER": "wrong", "PGDATABASE": "wrong", "PGPASSWORD": "wrong",
		"PGOPTIONS": "-c search_path=public", "PGAPPNAME": "wrong", "PGTARGETSESSIONATTRS": "read-only",
	} {
		t.Setenv(k, v)
	}
	w := newWorld(t, plainUser)
	var user, path, app string
	require.NoError(t, w.queryRow(t.Context(), "look",
		"SELECT current_user::text, current_setting('search_path'), current_setting('application_name')", nil, &user, &path, &app))
	require.Equal(t, []string{plainUser, "pg_catalog", "mpanel"}, []string{user, path, app})
}

func TestDialer_AddressesThatMakeNoSense(t *testing.T) {
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	for name, a := range map[string]database.Address{
		"empty":            {},
		"no user":          {Host: "h", Port: 5432},
		"two hosts":        {Host: "a,b", Port: 5432, User: "x"},
		"no port":          {Host: "h", User: "x"},
		"port too large":   {Host: "h", Port: 65536, User: "x"},
		"unknown TLS mode": {Host: "h", Port: 5432, User: "x", SSLMode: "maybe"},
		"quote in host":    {Host: "h' sslmode='disable", Port: 99999, User: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			a.Password = secret.New("canary")
			_, err := d.Server(a).Version(t.Context())
			require.Error(t, err)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

// No error, log line or detail tells a secret, whatever goes wrong.
func TestServer_TellsNoSecret(t *testing.T) {
	var told bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tell := func(err error) {
		log.Error("failed", "error", err)
		for ; err != nil; err = errors.Unwrap(err) {
			_, _ = fmt.Fprintf(&told, "%v %+v %#v %s\n", err, err, err, err)
		}
	}
	d := NewDialer(0, log)
	t.Cleanup(d.Close)

	x := newWorld(t, rootUser).newWish(t)
	salt := "CaNaRyCaNaRyCaNaRyCaNQ=="
	parts := strings.Split(x.login.Verifier.Reveal(), "$")
	parts[1] = "4096:" + salt
	x.login.Verifier = secret.New(strings.Join(parts, "$"))
	secrets := []string{"CaNaRy", parts[2], adminPassword.Reveal(), "wrong-canary", "clear-canary"}

	weak := "weak_of_" + x.login.Name
	sql(t, adminDatabase, "CREATE ROLE "+weak+" LOGIN PASSWORD "+literal(adminPassword.Reveal()),
		"GRANT CONNECT ON DATABASE postgres TO "+weak)
	right, wrong, down, nobody := address(rootUser), address(rootUser), address(rootUser), address(weak)
	wrong.Password, down.Port = secret.New("wrong-canary"), 1
	refused := 0
	for _, a := range []database.Address{wrong, down, nobody, right} {
		w := &world{server: d.Server(a).(*server)}
		for _, c := range w.calls(x) {
			if err := c.do(t.Context()); err != nil {
				refused++
				tell(err)
			}
		}
		// Half-way, so that Observe has details to tell.
		_ = w.EnsureLogin(t.Context(), x.login)
		y := x.login
		y.Verifier = goodWish(t).login.Verifier
		o, err := w.ObserveLogin(t.Context(), y)
		tell(err)
		_, _ = fmt.Fprintf(&told, "%+v %#v", o, o)
		y.Verifier = secret.New("clear-canary")
		tell(w.EnsureLogin(t.Context(), y))
	}
	require.Greater(t, refused, 25)
	require.Contains(t, told.String(), "The role's password is another one.")
	for _, s := range secrets {
		require.NotContains(t, told.String(), s)
	}
	require.NotContains(t, serverLog.String(), "clear-canary", "nor does the server get one to log")
}
