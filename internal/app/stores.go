package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// stores are what every sub-command begins with: the panel's database and the
// key to what is encrypted in it.
type stores struct {
	db       *store.DB
	owner    secret.Text // how the role that owns the tables reaches the database; empty when db is opened as it
	box      *secret.Box
	embedded *embedded           // nil with a database URL
	access   database.AccessList // nil unless others than this machine reach the embedded tenants' cluster

	opening sync.Mutex
	keys    *keys.Ring // nil until ring is asked for it
}

// boxOf is the box of a secret key, with those that are accepted beside it.
func boxOf(o config.Options, key secret.Text, accepted ...secret.Text) (*secret.Box, error) {
	return secret.NewBox(key, append(accepted, o.OldSecretKey, o.NewSecretKey)...)
}

// ring gives the box its data keys, which are in the panel's tables.
func (s *stores) ring(ctx context.Context, log *slog.Logger) (*keys.Ring, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.keys != nil {
		return s.keys, nil
	}
	ring, err := keys.Open(ctx, keys.Config{DB: s.db, Box: s.box, Log: log})
	s.keys = ring
	return ring, err
}

// openStores connects to MPANEL_DATABASE_URL, or starts the embedded default.
func openStores(ctx context.Context, o config.Options, log *slog.Logger) (*stores, error) {
	if o.DatabaseURL.IsZero() {
		return startEmbedded(ctx, o, log)
	}
	if o.SecretKey.IsZero() {
		return nil, errors.New("MPANEL_DATABASE_URL needs MPANEL_SECRET_KEY beside it, the same on every node; make one with: openssl rand -hex 32")
	}
	box, err := boxOf(o, o.SecretKey)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, o.DatabaseURL)
	if err != nil {
		return nil, err
	}
	return &stores{db: db, box: box, owner: o.OwnerURL}, nil
}

// hangUpTime is how long connections have to be closed in good order. Those that
// a broken network swallowed would take longer than a stop may.
const hangUpTime = 2 * time.Second

// close ends connections first and then the clusters.
func (s *stores) close(ctx context.Context) (err error) {
	closed := make(chan error, 1)
	go func() { closed <- s.db.Close() }()
	select {
	case err = <-closed:
	case <-time.After(hangUpTime): // the end of the process closes them
	}
	if s.embedded != nil {
		err = errors.Join(err, s.embedded.stop(ctx))
	}
	return err
}

// migrate brings the tables to this version, as their owner, and lets the panel's role
// work with them. A role that does not own them can only look whether that was done.
func (s *stores) migrate(ctx context.Context, log *slog.Logger) error {
	if err := s.migrateTables(ctx, log); err != nil {
		return err
	}
	_, err := s.ring(ctx, log)
	return err
}

// migrateTables works as the role that owns the tables, where that is another one.
func (s *stores) migrateTables(ctx context.Context, log *slog.Logger) error {
	if s.owner.IsZero() {
		switch owns, err := store.Owns(ctx, s.db); {
		case err != nil:
			return err
		case !owns:
			return store.UpToDate(ctx, s.db)
		}
		return store.Migrate(ctx, s.db, log)
	}
	owner, err := store.Open(ctx, s.owner)
	if err != nil {
		return fmt.Errorf("as MPANEL_DATABASE_OWNER_URL says: %w", err)
	}
	err = store.Migrate(ctx, owner, log)
	if err == nil {
		err = s.grant(ctx, owner)
	}
	return errors.Join(err, owner.Close())
}

func (s *stores) grant(ctx context.Context, owner *store.DB) error {
	role, err := store.Role(ctx, s.db)
	if err != nil {
		return err
	}
	if own, err := store.Role(ctx, owner); err != nil || own == role {
		return err
	}
	return store.Grant(ctx, owner, role)
}

// unprotected says in a sentence that the panel itself could change the audit; "" when
// it cannot.
func (s *stores) unprotected(ctx context.Context) (string, error) {
	protected, err := store.AuditProtected(ctx, s.db)
	if err != nil || protected {
		return "", err
	}
	return "The panel works as the role that owns its tables, or as a superuser, so that the audit is not protected from the panel itself: give it a role of its own and MPANEL_DATABASE_OWNER_URL.", nil
}

// installation is the id that all nodes of this installation share.
func (s *stores) installation(ctx context.Context) (uuid.UUID, error) {
	row := new(models.Installation)
	if err := s.db.NewSelect().Model(row).Column("id").Scan(ctx); err != nil {
		return uuid.Nil, store.Wrap(err, "read the installation's id")
	}
	return row.ID, nil
}

// cluster is the system identifier of the panel's own PostgreSQL, which is never
// used for tenants.
func (s *stores) cluster(ctx context.Context) (id int64, err error) {
	err = s.db.NewRaw("SELECT system_identifier FROM pg_control_system()").Scan(ctx, &id)
	return id, store.Wrap(err, "read the system identifier of the panel's cluster")
}

// auth is the service that a sub-command without a server needs, too; that has nobody
// to revoke connections.
func (s *stores) auth(ctx context.Context, o config.Options, accounts auth.AccountConfig, revoker auth.Revoker, log *slog.Logger) (*auth.Service, error) {
	id, err := s.installation(ctx)
	if err != nil {
		return nil, err
	}
	// Nodes may have different URLs, but are one installation.
	required := make([]models.ProviderRole, len(o.RequireSecondFactor))
	for i, role := range o.RequireSecondFactor {
		required[i] = models.ProviderRole(role)
	}
	return auth.NewService(auth.Config{
		DB: s.db, Box: s.box, Issuer: "urn:mpanel:" + id.String(), SessionIdle: o.SessionIdle, SessionLifetime: o.SessionLifetime,
		BaseURL: o.BaseURL, RequireSecondFactor: required, Revoker: revoker, Accounts: accounts, Log: log,
	})
}

// withStore runs a sub-command on the panel's database: that of a running
// server, or else one that is started for as long as it takes.
func withStore(ctx context.Context, o config.Options, log *slog.Logger, do func(*stores) error) error {
	s, err := attachEmbedded(ctx, o)
	if err != nil {
		return err
	}
	if s == nil {
		if s, err = openStores(ctx, o, log); err != nil {
			return err
		}
	}
	return errors.Join(do(s), s.close(context.WithoutCancel(ctx)))
}

// readPassword takes the first line.
func readPassword(r io.Reader) (secret.Text, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.Text{}, fmt.Errorf("read password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return secret.Text{}, errNoPassword
	}
	return secret.New(line), nil
}

// plain makes faults readable on a terminal, one line each.
func plain(err error) error {
	var lines []string
	for _, e := range fault.All(err) {
		f, ok := errors.AsType[*fault.Error](e)
		if !ok || f.Code == fault.Internal {
			return err
		}
		if f.Field != "" {
			lines = append(lines, f.Field+": "+f.Message)
		} else {
			lines = append(lines, f.Message)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}
