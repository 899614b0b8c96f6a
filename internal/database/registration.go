package database

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// serverRef is what an idempotency key keeps.
type serverRef struct {
	Server ident.DatabaseServerID `json:"server"`
}

// withPassword is an input as an idempotency key compares it: the password is
// hidden in the input's own JSON.
type withPassword struct {
	Input  any    `json:"input"`
	Digest []byte `json:"digest"`
}

func (s *Service) withPassword(in any, password secret.Text) withPassword {
	mac := hmac.New(sha256.New, s.box.Key("idempotent admin passwords"))
	_, _ = mac.Write([]byte(password.Reveal()))
	return withPassword{in, mac.Sum(nil)}
}

// RegisterEmbedded enters the tenants' cluster that the panel itself starts, or
// where it is this time, and tells whether it answers.
func (s *Service) RegisterEmbedded(ctx context.Context, a Address) error {
	row := new(models.DatabaseServer)
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		var rows []*models.DatabaseServer
		if err := tx.NewSelect().Model(&rows).Where("s.embedded").For("UPDATE").Scan(ctx); err != nil {
			return store.Wrap(err, "look for the embedded server")
		}
		if len(rows) == 0 {
			row = newServerRow()
			row.Name, row.Embedded = "local", true
		} else {
			row = rows[0]
		}
		row.Host, row.Port, row.AdminUser, row.SSLMode = a.Host, a.Port, a.User, a.SSLMode
		row.AdminPasswordSealed = s.box.Seal(a.Password, adminPlace(row.ID))
		_, err := tx.NewInsert().Model(row).On("CONFLICT (id) DO UPDATE").
			Set("host = EXCLUDED.host, port = EXCLUDED.port, admin_user = EXCLUDED.admin_user, ssl_mode = EXCLUDED.ssl_mode").
			Set("admin_password_sealed = EXCLUDED.admin_password_sealed, updated_at = now()").Exec(ctx)
		return store.Wrap(err, "register the embedded server")
	})
	if err != nil {
		return err
	}
	return s.checkServer(ctx, row)
}

func newServerRow() *models.DatabaseServer {
	return &models.DatabaseServer{ID: ident.NewDatabaseServerID(), DeleteGraceSeconds: defaultGraceSeconds}
}

// RegisterServer enters a server, whether or not it can be reached now. It is
// asked who it is before the transaction and checked after it. Errors:
// fault.Invalid, fault.Forbidden, fault.Conflict for a name that is taken, for
// the panel's own cluster and for one that is registered already.
func (s *Service) RegisterServer(ctx context.Context, in RegisterServerInput) (*ServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.HoldsWithProvider(actor.ServersWrite) {
		return nil, fault.Forbidden.New("", "Only the provider's staff register servers.")
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	row := newServerRow()
	row.Name, row.Host, row.Port, row.AdminUser, row.SSLMode = in.Name, in.Host, in.Port, in.AdminUser, defaultSSLMode
	if in.SSLMode != nil {
		row.SSLMode = *in.SSLMode
	}
	row.AdminPasswordSealed = s.box.Seal(in.AdminPassword, adminPlace(row.ID))
	seen, err := s.inspect(ctx, row)
	if err != nil {
		return nil, err
	}
	row.SystemIdentifier = seen.Cluster
	out, repeated := &ServerPayload{}, true
	err = idempotency.Once(ctx, s.db, "registerDatabaseServer", s.withPassword(in, in.AdminPassword), func(ctx context.Context, tx store.Tx) (serverRef, error) {
		repeated = false
		if err := refuseCluster(ctx, tx, row.ID, seen); err != nil {
			return serverRef{}, err
		}
		if _, err := tx.NewInsert().Model(row).Returning("created_at, updated_at").Exec(ctx); err != nil {
			return serverRef{}, serverConflict(err, row)
		}
		return serverRef{row.ID}, recordServer(ctx, tx, "database_server.register", nil, row, nil)
	}, s.replayServer(who, &out.DatabaseServer))
	if err == nil && !repeated {
		out.DatabaseServer, err = s.checked(ctx, row)
	}
	return out, err
}

// UpdateServer changes what is given and checks the server. Errors: those of
// RegisterServer, fault.NotFound, and fault.Conflict for the address of the
// embedded server.
func (s *Service) UpdateServer(ctx context.Context, in UpdateServerInput) (*ServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	seen, err := s.inspectChanged(ctx, who, in)
	if err != nil {
		return nil, err
	}
	var row *models.DatabaseServer // nil when the mutation is repeated
	var old Address
	out := &ServerPayload{}
	var password secret.Text
	if in.AdminPassword != nil {
		password = *in.AdminPassword
	}
	err = idempotency.Once(ctx, s.db, "updateDatabaseServer", s.withPassword(in, password), func(ctx context.Context, tx store.Tx) (_ serverRef, err error) {
		if row, err = lockServer(ctx, tx, who, in.ID); err != nil {
			return serverRef{}, err
		}
		before := toldServer(row)
		if old, err = s.address(row); err != nil {
			return serverRef{}, err
		}
		if err := refuseCluster(ctx, tx, row.ID, seen); err != nil {
			return serverRef{}, err
		}
		if err := s.changeServer(row, old, in); err != nil {
			return serverRef{}, err
		}
		if seen.Cluster != 0 {
			row.SystemIdentifier = seen.Cluster
		}
		_, err = tx.NewUpdate().Model(row).WherePK().Set("updated_at = now()").
			Column("name", "host", "port", "admin_user", "admin_password_sealed", "ssl_mode", "system_identifier").Exec(ctx)
		if err != nil {
			return serverRef{}, serverConflict(err, row)
		}
		return serverRef{row.ID}, recordServer(ctx, tx, "database_server.update", before, row, map[string]any{"password_changed": in.AdminPassword != nil})
	}, s.replayServer(who, &out.DatabaseServer))
	if err != nil || row == nil {
		return out, err
	}
	if now, err := s.address(row); err == nil && now != old {
		s.dialer.Forget(old)
	}
	out.DatabaseServer, err = s.checked(ctx, row)
	return out, err
}

// preview looks at the server as it would be after the change, before the
// transaction; at nothing when its address stays.
func (s *Service) inspectChanged(ctx context.Context, who *actor.Actor, in UpdateServerInput) (seen Inspection, err error) {
	var row *models.DatabaseServer
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) (err error) {
		row, err = lockServer(ctx, tx, who, in.ID)
		return err
	})
	if err != nil || !in.movesServer() {
		return Inspection{}, err
	}
	old, err := s.address(row)
	if err != nil {
		return Inspection{}, err
	}
	if err := s.changeServer(row, old, in); err != nil {
		return Inspection{}, err
	}
	return s.inspect(ctx, row)
}

// change applies the input to the row. The password is sealed anew with any
// change of the address, so that a check that is under way notices.
func (s *Service) changeServer(row *models.DatabaseServer, a Address, in UpdateServerInput) error {
	if in.Name != nil {
		row.Name = *in.Name
	}
	if !in.movesServer() {
		return nil
	}
	if row.Embedded {
		return fault.Conflict.New("id", "The panel itself starts this server; only its name can be changed.")
	}
	if in.Host != nil && *in.Host != row.Host || in.Port != nil && *in.Port != row.Port {
		row.SystemIdentifier = 0 // until it is asked
	}
	overwrite(&row.Host, in.Host)
	overwrite(&row.Port, in.Port)
	overwrite(&row.AdminUser, in.AdminUser)
	overwrite(&row.SSLMode, in.SSLMode)
	overwrite(&a.Password, in.AdminPassword)
	row.AdminPasswordSealed = s.box.Seal(a.Password, adminPlace(row.ID))
	return nil
}

func overwrite[T any](field, given *T) {
	if given != nil {
		*field = *given
	}
}

// refuseCluster refuses the panel's own cluster and one that is registered already.
func refuseCluster(ctx context.Context, tx store.Tx, id ident.DatabaseServerID, seen Inspection) error {
	if seen.Panel {
		return fault.Conflict.New("host", "This is the PostgreSQL cluster of the panel itself; tenants there would reach the panel. Give another cluster.")
	}
	twin, err := registeredAs(ctx, tx, id, seen.Cluster)
	if err == nil && twin != "" {
		return fault.Conflict.New("host", "This PostgreSQL cluster is registered already, as %s.", twin)
	}
	return err
}

func serverConflict(err error, row *models.DatabaseServer) error {
	switch {
	case store.Violates(err, "database_servers_name_key"):
		return fault.Conflict.Wrap(err, "name", "There is a database server of that name already.")
	case store.Violates(err, "database_servers_one_per_cluster"): // at the same moment
		return fault.Conflict.Wrap(err, "host", "This PostgreSQL cluster is registered already.")
	}
	return store.Wrap(err, "write database server %s", row.ID)
}

// RemoveServer forgets a server on which nothing is ours. Errors:
// fault.NotFound, fault.Forbidden, fault.Conflict while it has databases, also
// such that are being deleted, and for the embedded one.
func (s *Service) RemoveServer(ctx context.Context, in RemoveServerInput) (*RemoveServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	var row *models.DatabaseServer
	err = idempotency.Once(ctx, s.db, "removeDatabaseServer", in, func(ctx context.Context, tx store.Tx) (_ serverRef, err error) {
		if row, err = lockServer(ctx, tx, who, in.ID); err != nil {
			return serverRef{}, err
		}
		if row.Embedded {
			return serverRef{}, fault.Conflict.New("id", "The panel itself starts this server; it cannot be removed.")
		}
		//allow:tenant staff removes a server: how many there are, of anybody's
		n, err := tx.NewSelect().Model((*models.Database)(nil)).Where("d.server_id = ?", row.ID).Count(ctx)
		switch {
		case err != nil:
			return serverRef{}, store.Wrap(err, "count databases of server %s", row.ID)
		case n > 0:
			return serverRef{}, fault.Conflict.New("id", "This server still has %d databases, those included that are being deleted or have failed; delete them first.", n)
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return serverRef{}, store.Wrap(err, "remove database server %s", row.ID)
		}
		return serverRef{row.ID}, recordServer(ctx, tx, "database_server.remove", nil, row, nil)
	}, func(context.Context, store.Tx, serverRef) error { return nil })
	if err != nil {
		return nil, err
	}
	if row != nil {
		if a, err := s.address(row); err == nil { // otherwise nothing was ever dialed
			s.dialer.Forget(a)
		}
	}
	return &RemoveServerPayload{ID: in.ID}, nil
}

// replayServer answers a repeated mutation with the server as it is now.
func (s *Service) replayServer(who *actor.Actor, out **models.DatabaseServer) func(context.Context, store.Tx, serverRef) error {
	return func(ctx context.Context, tx store.Tx, r serverRef) error {
		if !who.HoldsWithProvider(actor.ServersWrite) {
			return store.NotFound("id")
		}
		row := new(models.DatabaseServer)
		if err := tx.NewSelect().Model(row).Apply(visibleServers).Where("s.id = ?", r.Server).Scan(ctx); err != nil {
			return store.Wrap(err, "read database server %s", r.Server)
		}
		*out = row
		return nil
	}
}
