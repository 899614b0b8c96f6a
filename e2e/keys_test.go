//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit/pebble"
)

const rotateDatabase = `mutation ($id: ID!) { rotateDatabasePassword(input: {id: $id}) { job { id } credentials { password connectionStrings { format value } } } }`

// TestKeysRotate_WhileTwoNodesWork kills a rotation with SIGKILL and begins it
// again, while two nodes make databases and change passwords.
func TestKeysRotate_WhileTwoNodesWork(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	b := a.start(t, launch{env: a.nodeEnv(t, "b")})
	customer := admin.createCustomer(t, "Rotated", -1, "")
	before := admin.makeDatabase(t, customer, "before")

	ctx, stop := context.WithCancel(t.Context())
	var (
		load sync.WaitGroup
		made atomic.Int64
		mu   sync.Mutex
		uris []string
	)
	for node, c := range map[string]*client{"a": admin, "b": admin.at(b)} {
		load.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				o := c.makeDatabase(t, customer, fmt.Sprintf("%s_%d", node, i))
				type rotated struct{ RotateDatabasePassword order }
				r := data[rotated](t, c.do(t, rotateDatabase, vars{"id": o.Database.ID})).RotateDatabasePassword
				c.awaitSuccess(t, r.Job.ID)
				mu.Lock()
				uris = append(uris, r.Credentials.in(t, "URI"))
				mu.Unlock()
				made.Add(1)
			}
		})
	}
	killed := exec.CommandContext(t.Context(), built.mpanel, "keys", "rotate")
	killed.Env = environment("MPANEL_DATA_DIR="+a.data(), "MPANEL_LOG_LEVEL=error")
	var said bytes.Buffer
	killed.Stdout, killed.Stderr = &said, &said
	require.NoError(t, killed.Start())
	panel := a.panelDB(t)
	eventually(t, 20*time.Second, func() error { // it has begun
		var keys int
		err := panel.QueryRow(t.Context(), "SELECT count(*) FROM encryption_keys").Scan(&keys)
		if err == nil && keys < 2 {
			err = fmt.Errorf("%d keys", keys)
		}
		return err
	})
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait(), said.String())

	var code int
	var out string
	eventually(t, 20*time.Second, func() error { // PostgreSQL has seen that the other one is gone
		if code, out = a.runCommand(t, "", "keys", "rotate"); strings.Contains(out, "another rotation of the keys is at work") {
			return errors.New(out)
		}
		return nil
	})
	require.Zero(t, code, out)
	require.Contains(t, out, "An earlier rotation was gone on with")
	require.Contains(t, out, "data key 2 now")
	during := made.Load()
	require.Positive(t, during, "the nodes worked meanwhile")
	eventually(t, 30*time.Second, func() error { // and go on
		if made.Load() < during+2 {
			return fmt.Errorf("%d made", made.Load())
		}
		return nil
	})
	stop()
	load.Wait()

	var values, old int
	require.NoError(t, panel.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE substring(v from 1 for 5) <> '\x0200000002')
		FROM (SELECT verifier_sealed AS v FROM databases UNION ALL SELECT admin_password_sealed FROM database_servers) AS all_of_them`).Scan(&values, &old))
	require.Zero(t, old, "of %d values", values)
	login(t, before.Credentials.in(t, "URI"))
	for _, uri := range uris {
		login(t, uri)
	}
	code, out = a.runCommand(t, "", "keys", "list")
	require.Zero(t, code, out)
	require.Contains(t, out, "current")
	require.Contains(t, out, "retired")
	code, out = a.runCommand(t, "", "doctor")
	require.Zero(t, code, out)
	t.Logf("%d databases were made and got other passwords meanwhile, %d values moved to the new key", len(uris), values)
}

func freeTCP(t *testing.T) (address string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String(), l.Addr().(*net.TCPAddr).Port
}

// TestACME_OfTheWholeServer has a real authority give the server its certificate,
// which it keeps over a restart.
func TestACME_OfTheWholeServer(t *testing.T) {
	t.Parallel()
	const name = "panel.example.com"
	secure, tlsPort := freeTCP(t)
	plain, httpPort := freeTCP(t)
	authority := pebble.Start(t, httpPort, tlsPort)
	in := install(t)
	l := launch{env: []string{
		"MPANEL_TLS=acme", "MPANEL_ACME_HOSTS=" + name, "MPANEL_ACME_URL=" + authority.Directory, "MPANEL_ACME_EMAIL=admin@example.com",
		"MPANEL_LISTEN=" + secure, "MPANEL_LISTEN_HTTP=" + plain, "SSL_CERT_FILE=" + authority.CAFile,
	}}
	s := in.start(t, l)
	require.Equal(t, "https://"+net.JoinHostPort(name, strconv.Itoa(tlsPort)), s.url)
	in.hasAdmin() // nobody needs one
	var serial string
	eventually(t, 60*time.Second, func() error {
		leaf, err := authority.Shown(secure, name)
		if err == nil {
			serial = leaf.SerialNumber.String()
		}
		return err
	})
	s.stop(t)
	s = in.start(t, l)
	leaf, err := authority.Shown(secure, name)
	require.NoError(t, err)
	require.Equal(t, serial, leaf.SerialNumber.String(), "it is kept, and not asked for anew")
	require.NotContains(t, s.out.String(), "no certificate yet")
	s.stop(t)
}
