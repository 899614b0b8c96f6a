// Package testkit gives tests a real PostgreSQL: one private cluster per test
// binary, one fresh migrated database per test. Only tests import it.
package testkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// Superuser is the clusters' bootstrap role, and Password its password.
const Superuser = "postgres"

// Password of Superuser.
func Password() secret.Text { return secret.New("testkit-password") }

// template is a migrated database that each test's own is copied from.
const template = "mpanel_template"

var (
	panel   lazyCluster
	tenants lazyCluster
	counter atomic.Int64
)

// Main runs the tests and stops what they started. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	panel.stop()
	tenants.stop()
	os.Exit(code)
}

// A lazyCluster is started by the first test that needs it.
type lazyCluster struct {
	mu      sync.Mutex
	dir     string
	cluster *devstack.Cluster
}

func (l *lazyCluster) start(name string, bootstrap func(context.Context, *devstack.Cluster) error) (*devstack.Cluster, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cluster != nil {
		return l.cluster, nil
	}
	dir, err := os.MkdirTemp("", "mpanel-test-")
	if err != nil {
		return nil, err
	}
	l.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // the cluster's own user enters it
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := devstack.Start(ctx, devstack.Config{
		Name: name, Dir: filepath.Join(dir, name), Listen: "127.0.0.1", Superuser: Superuser, Password: Password(),
		// A worker for each of hundreds of databases, once a minute, finds nothing that lasts.
		Settings: map[string]string{"max_connections": "300", "autovacuum": "off"}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	if err := bootstrap(ctx, c); err != nil {
		return nil, err
	}
	l.cluster = c
	return c, nil
}

func (l *lazyCluster) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cluster != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.cluster.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: stop cluster:", err)
		}
	}
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}

// Tenants is a cluster for customers' databases, closed to PUBLIC as the
// embedded default's is.
func Tenants(t testing.TB) *devstack.Cluster {
	t.Helper()
	c, err := tenants.start("tenants", func(ctx context.Context, c *devstack.Cluster) error {
		return exec(ctx, c, "REVOKE ALL ON DATABASE postgres FROM PUBLIC", "REVOKE ALL ON DATABASE template1 FROM PUBLIC")
	})
	if err != nil {
		t.Fatalf("start the tenants' cluster: %v", err)
	}
	return c
}

// URL creates a fresh migrated database and returns how to reach it. It is
// dropped after the test.
func URL(t testing.TB) secret.Text {
	t.Helper()
	c, err := panel.start("panel", func(ctx context.Context, c *devstack.Cluster) error {
		if err := exec(ctx, c, "CREATE DATABASE "+template); err != nil {
			return err
		}
		db, err := store.Open(ctx, c.ConnString(template))
		if err != nil {
			return err
		}
		if err := store.Migrate(ctx, db, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
		return db.Close()
	})
	if err != nil {
		t.Fatalf("start the panel's cluster: %v", err)
	}
	name := fmt.Sprintf("test_%05d", counter.Add(1)) // of one width, so that none is another's prefix
	if err := exec(t.Context(), c, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		if err := exec(context.Background(), c, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return c.ConnString(name)
}

// DB opens a fresh migrated database. It is closed after the test.
func DB(t testing.TB, options ...func(*pgxpool.Config)) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), URL(t), options...)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close test database: %v", err)
		}
	})
	return db
}

// RestrictedURL is how a role reaches the database of a URL that does not own its
// tables and may work with them, as the panel does beside MPANEL_DATABASE_OWNER_URL.
func RestrictedURL(t testing.TB, url secret.Text) secret.Text {
	t.Helper()
	role := fmt.Sprintf("restricted_%d", counter.Add(1))
	if err := exec(t.Context(), panel.cluster, "CREATE ROLE "+role+" LOGIN PASSWORD '"+Password().Reveal()+"'"); err != nil {
		t.Fatalf("create role: %v", err)
	}
	owner, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(func() {
		_, err := owner.ExecContext(context.Background(), "DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role)
		if err := errors.Join(err, owner.Close()); err != nil {
			t.Errorf("drop role: %v", err)
		}
	})
	if err := store.Grant(t.Context(), owner, role); err != nil {
		t.Fatalf("grant: %v", err)
	}
	return secret.New(strings.Replace(url.Reveal(), "user='"+Superuser+"'", "user='"+role+"'", 1))
}

// Panel is the cluster that DB's databases are in. Call DB or URL first.
func Panel() *devstack.Cluster { return panel.cluster }

func exec(ctx context.Context, c *devstack.Cluster, statements ...string) error {
	conn, err := pgx.Connect(ctx, c.ConnString("postgres").Reveal())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Box is an encryption key for tests.
func Box(t testing.TB) *secret.Box {
	t.Helper()
	b, err := secret.NewBox(secret.New(strings.Repeat("test-key", 8)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
