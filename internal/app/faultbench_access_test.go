package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// A benchAccess is the pg_hba.conf of a cluster that one bench has for itself:
// that of the shared one would be everybody's. It is started when it is needed.
type benchAccess struct {
	mu      sync.Mutex
	dir     string
	cluster *devstack.Cluster
	list    database.AccessList
}

func (a *benchAccess) start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cluster != nil {
		return nil
	}
	dir, err := os.MkdirTemp("", "mpanel-test-")
	if err != nil {
		return err
	}
	a.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // #nosec G302 -- the cluster's own user enters it
		return err
	}
	a.cluster, err = devstack.Start(ctx, devstack.Config{
		Name: "access", Dir: filepath.Join(dir, "access"), Listen: "127.0.0.1", HBA: tenantsHBA("127.0.0.1"), Superuser: testkit.Superuser,
		Password: testkit.Password(), Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		a.list = accessList{a.cluster.Access()}
	}
	return err
}

func (a *benchAccess) stop(t *testing.T) {
	t.Helper()
	if a.cluster != nil {
		if err := a.cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	_ = os.RemoveAll(a.dir)
}

// env tells a child process about the cluster.
func (a *benchAccess) env() []string {
	if a.cluster == nil {
		return nil
	}
	return []string{"FAULTTEST_ACCESS=" + filepath.Join(a.dir, "access"), "FAULTTEST_ACCESS_ADMIN=" + a.cluster.ConnString("postgres").Reveal()}
}

// childAccess is what env told of.
func childAccess() (database.AccessList, error) {
	dir := os.Getenv("FAULTTEST_ACCESS")
	if dir == "" {
		return nil, nil
	}
	access, err := devstack.NewAccess(dir, tenantsHBA("127.0.0.1"), secret.New(os.Getenv("FAULTTEST_ACCESS_ADMIN")))
	return accessList{access}, err
}

func (a *benchAccess) Allowed(ctx context.Context) (map[string][]netip.Prefix, error) {
	return a.list.Allowed(ctx)
}

func (a *benchAccess) Allow(ctx context.Context, networks map[string][]netip.Prefix) error {
	return a.list.Allow(ctx, networks)
}

var accessChange = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		if err := b.access.start(ctx); err != nil {
			return scene{}, err
		}
		s, err := b.made(ctx)
		if err != nil {
			return s, err
		}
		for _, list := range [][]string{networksBefore, networksAfter} {
			if s.job != (scene{}.job) {
				b.panel.engine.Run(ctx, s.job)
			}
			out, err := b.panel.databases.SetAccess(actor.With(ctx, b.staff), database.SetAccessInput{ID: s.database.ID, Cidrs: list})
			if s, err = s.with(out, err); err != nil {
				return s, err
			}
		}
		return s, nil
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		want := networksBefore
		if outcome == models.JobSucceeded {
			want = networksAfter
		}
		faults := b.mustBeThere(ctx, s, models.ResourceActive, 1)
		row := new(models.Database)
		have, err := b.access.Allowed(ctx)
		if err := errors.Join(err, b.oracle.NewSelect().Model(row).Where("d.id = ?", s.database.ID).Scan(ctx)); err != nil {
			return append(faults, err)
		}
		var got []string
		for _, p := range have[s.database.ExtName] {
			got = append(got, p.String())
		}
		if !slices.Equal(got, want) || !slices.Equal(row.AccessCidrs, want) {
			faults = append(faults, fmt.Errorf("the server lets in from %v, the row says %v, want %v", got, row.AccessCidrs, want))
		}
		return faults
	},
}

var (
	networksBefore = []string{"192.0.2.0/24", "2001:db8::/32"}
	networksAfter  = []string{"203.0.113.7/32", "2001:db8:1::/48"}
)
