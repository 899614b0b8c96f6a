//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

// The first administrator of every installation. The password is one of the
// secrets that must turn up nowhere.
const (
	adminEmail    = "root@example.com"
	adminPassword = "canary of the administrator"
)

// An installation is one data dir and everything that ran on it.
type installation struct {
	dir string

	mu      sync.Mutex
	admin   bool // the first administrator is there
	servers []*server
	outputs []*output
	secrets map[string]bool // handed out in clear text
	told    strings.Builder // errors and events that clients were sent
}

func makeInstallation() (*installation, error) {
	dir, err := os.MkdirTemp(built.dir, "")
	if err != nil {
		return nil, err
	}
	return &installation{dir: dir, secrets: map[string]bool{adminPassword: true}}, os.Chmod(dir, 0o755)
}

// install makes an installation for one test. When that is over, its secrets
// are looked for and what still runs is stopped.
func install(t *testing.T) *installation {
	t.Helper()
	in, err := makeInstallation()
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			in.killAll()
			in.mu.Lock()
			defer in.mu.Unlock()
			for _, o := range in.outputs {
				t.Logf("a process of this test said at last:\n%s", o.tail(25))
			}
			return
		}
		if err := in.finish(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return in
}

// finish looks for secrets where none must be, then stops everything.
func (in *installation) finish(ctx context.Context) error {
	err := errors.Join(in.searchLogs(), in.searchTold())
	if in.anyRuns() {
		err = errors.Join(err, in.searchTables(ctx), in.searchDump(ctx))
	}
	in.mu.Lock()
	running := append([]*server{}, in.servers...)
	in.mu.Unlock()
	for _, s := range slices.Backward(running) { // nodes on another's database end first
		err = errors.Join(err, s.end())
	}
	return errors.Join(err, os.RemoveAll(in.dir))
}

// end stops a server that still runs, which has to go well.
func (s *server) end() error {
	if !s.runs() {
		return nil
	}
	s.signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(stopTime):
		s.signal(syscall.SIGKILL)
		<-s.exited
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server's exit code after SIGTERM is %d:\n%s", code, s.out.tail(30))
	}
	return nil
}

func (in *installation) killAll() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range in.servers {
		s.signal(syscall.SIGKILL)
		<-s.exited
	}
}

func (in *installation) add(s *server) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.servers = append(in.servers, s)
}

func (in *installation) anyRuns() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range in.servers {
		if s.runs() {
			return true
		}
	}
	return false
}

func (in *installation) newOutput() *output {
	in.mu.Lock()
	defer in.mu.Unlock()
	o := &output{}
	in.outputs = append(in.outputs, o)
	return o
}

// begun tells whether there is an administrator, so that no set-up link is printed.
func (in *installation) begun() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.admin
}

func (in *installation) hasAdmin() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.admin = true
}

func (in *installation) keepSecret(s string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.secrets[s] = true
}

// tell keeps what a client was sent.
func (in *installation) tell(b []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.told.Write(b)
	in.told.WriteByte('\n')
}

// box derives the passwords of the clusters.
func (in *installation) box() (*secret.Box, error) {
	key, err := os.ReadFile(filepath.Join(in.data(), "secret.key"))
	if err != nil {
		return nil, err
	}
	return secret.NewBox(secret.New(strings.TrimSpace(string(key))))
}

// dsn is how the superuser reaches a running cluster, panel or tenants, over
// its socket.
func (in *installation) dsn(cluster, database string) (string, error) {
	box, err := in.box()
	if err != nil {
		return "", err
	}
	// The lines of the file: pid, folder, time of the start, port, folder of the socket.
	pidFile, err := os.ReadFile(filepath.Join(in.data(), cluster, "data", "postmaster.pid"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(pidFile), "\n")
	if len(lines) < 5 {
		return "", fmt.Errorf("postmaster.pid of %s is not complete yet", cluster)
	}
	return fmt.Sprintf("host='%s' port=%s user=mpanel dbname='%s' password=%s sslmode=disable",
		lines[4], lines[3], database, box.Password(cluster+" cluster").Reveal()), nil
}

// connect logs in as a cluster's superuser until the test is over.
func (in *installation) connect(t *testing.T, cluster, database string) *pgx.Conn {
	t.Helper()
	dsn, err := in.dsn(cluster, database)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// panelDB is a login to the panel's own database, tenantsDB one to the cluster
// that the tenants' databases are in.
func (in *installation) panelDB(t *testing.T) *pgx.Conn { return in.connect(t, "panel", "mpanel") }
func (in *installation) tenantsDB(t *testing.T) *pgx.Conn {
	return in.connect(t, "tenants", "postgres")
}

// postmaster is the pid of a cluster's main process.
func (in *installation) postmaster(t *testing.T, cluster string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(in.data(), cluster, "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

const setUpMutation = `mutation ($in: SetUpInput!) { setUp(input: $in) { accessToken } }`

// setUp makes the first administrator with the token of the set-up link.
func (in *installation) setUp(t *testing.T, s *server) *client {
	t.Helper()
	c := s.client("")
	out := data[struct{ SetUp struct{ AccessToken string } }](t, c.do(t, setUpMutation,
		vars{"in": vars{"token": s.setupToken, "email": adminEmail, "name": "Root", "password": adminPassword}}))
	in.hasAdmin()
	return s.client(out.SetUp.AccessToken)
}

// fresh is a new installation with a running server and its administrator.
func fresh(t *testing.T, l launch) (*server, *client) {
	t.Helper()
	in := install(t)
	s := in.start(t, l)
	return s, in.setUp(t, s)
}

// common is the installation of all tests that break nothing.
var common struct {
	mu     sync.Mutex
	server *server
	admin  *client
}

func shared(t *testing.T) (*server, *client) {
	t.Helper()
	common.mu.Lock()
	defer common.mu.Unlock()
	if common.server == nil {
		in, err := makeInstallation()
		require.NoError(t, err)
		s := in.start(t, launch{})
		common.admin = in.setUp(t, s)
		common.server = s
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the shared server said at last:\n%s", common.server.out.tail(25))
		}
	})
	return common.server, common.admin
}

// closeShared ends the shared installation after the last test.
func closeShared() error {
	common.mu.Lock()
	defer common.mu.Unlock()
	if common.server == nil {
		return nil
	}
	return common.server.finish(context.Background())
}
