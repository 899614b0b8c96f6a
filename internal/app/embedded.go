package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// Names within the embedded default.
const (
	superuser    = "mpanel"
	panelRole    = "mpanel_node" // as which the panel works: it cannot change the audit
	panelDB      = "mpanel"
	tenantsPort  = 5433
	addressFile  = "panel.json" // where a running server's database is
	panelFolder  = "panel"
	tenantFolder = "tenants"
)

// embedded are the two private clusters. Tenants never share the panel's: a
// full disk, an idle transaction or an administrator there would reach it.
type embedded struct {
	dir            string
	panel, tenants *devstack.Cluster
	tenantPassword secret.Text
}

func startEmbedded(ctx context.Context, o config.Options, log *slog.Logger) (_ *stores, err error) {
	if err := os.MkdirAll(o.DataDir, 0o755); err != nil { // #nosec G301 -- the clusters' own user passes through; what is secret has its own mode
		return nil, fmt.Errorf("make the data dir: %w", err)
	}
	box, err := embeddedBox(o)
	if err != nil {
		return nil, err
	}
	e := &embedded{dir: o.DataDir, tenantPassword: box.Password("tenants cluster")}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.stop(context.WithoutCancel(ctx)))
		}
	}()
	last, err := readAddress(o.DataDir)
	if err != nil {
		return nil, err
	}
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var both errgroup.Group
	both.Go(func() (err error) {
		e.panel, err = devstack.Start(starting, devstack.Config{
			Name: panelFolder, Dir: filepath.Join(o.DataDir, panelFolder), Superuser: superuser, Password: box.Password("panel cluster"),
			Earlier: box.Passwords("panel cluster")[1:],
			Durable: true, Settings: map[string]string{"max_connections": "100"}, Log: log,
		})
		return err
	})
	both.Go(func() (err error) {
		e.tenants, err = devstack.Start(starting, devstack.Config{
			Name: tenantFolder, Dir: filepath.Join(o.DataDir, tenantFolder), Listen: o.TenantsListen, HBA: tenantsHBA(o.TenantsListen), Port: cmp.Or(last.TenantsPort, tenantsPort),
			Superuser: superuser, Password: e.tenantPassword, Earlier: box.Passwords("tenants cluster")[1:], Durable: true, Log: log,
			// The reserve lets the panel work when tenants fill every other slot. A login
			// that is not finished holds every DROP DATABASE up, for a minute by default.
			Settings: map[string]string{"max_connections": "200", "superuser_reserved_connections": "12", "authentication_timeout": "8s"},
		})
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, err
	}
	password := box.Password(panelRole)
	if err := e.bootstrap(starting, password); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, panelDSN(e.panel.SocketDir(), e.panel.Port(), panelRole, password))
	if err != nil {
		return nil, err
	}
	if err := e.writeAddress(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &stores{db: db, box: box, owner: e.panel.ConnString(panelDB), embedded: e}
	if listensRemotely(o.TenantsListen) {
		s.access = accessList{e.tenants.Access()}
	}
	return s, nil
}

// bootstrap makes the panel's role and database, and closes on the tenants' cluster the
// two that PostgreSQL opens to everybody.
func (e *embedded) bootstrap(ctx context.Context, password secret.Text) error {
	if err := e.execOn(ctx, e.panel, func(conn *pgx.Conn) error {
		if err := makeRole(ctx, conn, password); err != nil {
			return err
		}
		var there bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", panelDB).Scan(&there); err != nil || there {
			return err
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+panelDB+" TEMPLATE template0")
		return err
	}); err != nil {
		return fmt.Errorf("prepare the panel's cluster: %w", err)
	}
	if err := e.execOn(ctx, e.tenants, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
		return err
	}); err != nil {
		return fmt.Errorf("prepare the tenants' cluster: %w", err)
	}
	return nil
}

// makeRole makes the role as which the panel works, or gives it its password. The
// panel migrates as the superuser.
func makeRole(ctx context.Context, conn *pgx.Conn, password secret.Text) error {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", panelRole).Scan(&there); err != nil {
		return err
	}
	verb := "CREATE"
	if there {
		verb = "ALTER"
	}
	// The password is hexadecimal. DDL takes no parameters.
	//allow:sql the password is hexadecimal, derived from the secret key
	if _, err := conn.Exec(ctx, verb+" ROLE "+panelRole+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '"+password.Reveal()+"'"); err != nil {
		return fmt.Errorf("make the role %s: %w", panelRole, err)
	}
	return nil
}

// panelDSN is how a role reaches the panel's database over a cluster's socket.
func panelDSN(socketDir string, port int, role string, password secret.Text) secret.Text {
	return secret.New("host='" + socketDir + "' port=" + strconv.Itoa(port) + " user=" + role + " dbname=" + panelDB +
		" password=" + password.Reveal() + " sslmode=disable")
}

func (*embedded) execOn(ctx context.Context, c *devstack.Cluster, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, c.ConnString("postgres").Reveal())
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// tenantsAddress is how the panel reaches the tenants' cluster.
func (e *embedded) tenantsAddress() database.Address {
	return database.Address{Host: e.tenants.Host(), Port: e.tenants.Port(), User: superuser, Password: e.tenantPassword, SSLMode: "disable"}
}

// stop ends both clusters at once.
func (e *embedded) stop(ctx context.Context) error {
	var both errgroup.Group
	for _, c := range []*devstack.Cluster{e.panel, e.tenants} {
		if c != nil {
			both.Go(func() error { return c.Stop(ctx) })
		}
	}
	return both.Wait()
}

// address is what another command needs to reach a running server's database;
// the password comes from the secret key.
type address struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	// TenantsPort is what customers have been told.
	TenantsPort int `json:"tenants_port"`
}

// readAddress reads what the last start wrote; the zero address before the first.
func readAddress(dir string) (a address, err error) {
	b, err := os.ReadFile(filepath.Join(dir, addressFile)) // #nosec G304 -- the operator's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read %s in the data dir: %w", addressFile, err)
	}
	return a, nil
}

func (e *embedded) writeAddress() error {
	b, err := json.Marshal(address{e.panel.SocketDir(), e.panel.Port(), e.tenants.Port()})
	if err != nil {
		return fmt.Errorf("write %s: %w", addressFile, err)
	}
	// A half-written one would stop the next start.
	path := filepath.Join(e.dir, addressFile)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", addressFile, err)
	}
	return os.Rename(path+".new", path)
}

// attachEmbedded connects to the embedded default of a server that runs; nil
// when there is none.
func attachEmbedded(ctx context.Context, o config.Options) (*stores, error) {
	if !o.DatabaseURL.IsZero() {
		return nil, nil
	}
	a, err := readAddress(o.DataDir)
	if err != nil || a.Host == "" {
		return nil, err
	}
	box, err := embeddedBox(o)
	if err != nil {
		return nil, err
	}
	passwords, owners := box.Passwords(panelRole), box.Passwords("panel cluster")
	for i := range passwords {
		if db, err := store.Open(ctx, panelDSN(a.Host, a.Port, panelRole, passwords[i])); err == nil {
			return &stores{db: db, box: box, owner: panelDSN(a.Host, a.Port, superuser, owners[i])}, nil
		}
	}
	return nil, nil // nobody answers there: the server is not running
}
