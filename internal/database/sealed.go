package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// What is sealed is sealed for one column of one row. Package keys knows each of
// these places, so that a rotation of the keys finds them all.

func adminPlace(id ident.DatabaseServerID) string {
	return "database_servers.admin_password/" + id.String()
}

func verifierPlace(id ident.DatabaseID) string     { return "databases.verifier/" + id.String() }
func nextVerifierPlace(id ident.DatabaseID) string { return "databases.next_verifier/" + id.String() }
func previousVerifierPlace(id ident.DatabaseID) string {
	return "databases.previous_verifier/" + id.String()
}

func userVerifierPlace(id ident.DatabaseUserID) string {
	return "database_users.verifier/" + id.String()
}
func userBeforePlace(id ident.DatabaseUserID) string { return "database_users.before/" + id.String() }
func userTriedPlace(id ident.DatabaseUserID) string  { return "database_users.tried/" + id.String() }

// open opens a value of a place. Values that no data key has yet were sealed for
// the place of the row's first column, whichever column they are in.
func (s *Service) open(sealed []byte, place, first string) (secret.Text, error) {
	v, err := s.box.Open(sealed, place)
	if errors.Is(err, secret.ErrSealed) && secret.KeyOf(sealed) == 0 {
		v, err = s.box.Open(sealed, first)
	}
	return v, err
}

func (s *Service) openVerifier(row *models.Database, sealed []byte, place string) (secret.Text, error) {
	verifier, err := s.open(sealed, place, verifierPlace(row.ID))
	if err != nil {
		return verifier, fmt.Errorf("open verifier of database %s: %w", row.ID, err)
	}
	return verifier, nil
}

// move seals what a verifier's column has for another column of the row.
func (s *Service) move(row *models.Database, sealed []byte, from, to string) ([]byte, error) {
	v, err := s.openVerifier(row, sealed, from)
	if err != nil {
		return nil, err
	}
	return s.box.Seal(v, to), nil
}

// openUser opens the verifier of a user's wish, which is in one of three columns.
func (s *Service) openUser(row *models.DatabaseUser, sealed []byte, place string) (secret.Text, error) {
	verifier, err := s.open(sealed, place, userVerifierPlace(row.ID))
	if err != nil {
		return verifier, fmt.Errorf("open verifier of database user %s: %w", row.ID, err)
	}
	return verifier, nil
}

// keepWish is what is wished of a user, as another column keeps it.
func (s *Service) keepWish(row *models.DatabaseUser, place string) (*models.DatabaseUserWish, error) {
	v, err := s.openUser(row, row.VerifierSealed, userVerifierPlace(row.ID))
	if err != nil {
		return nil, err
	}
	return &models.DatabaseUserWish{
		Rights: row.Rights, VerifierSealed: s.box.Seal(v, place),
		ConnectionLimit: row.ConnectionLimit, StatementTimeoutSeconds: row.StatementTimeoutSeconds,
	}, nil
}

// takeWish makes what another column keeps what is wished of a user.
func (s *Service) takeWish(row *models.DatabaseUser, kept models.DatabaseUserWish, place string) error {
	v, err := s.openUser(row, kept.VerifierSealed, place)
	if err != nil {
		return err
	}
	row.Rights, row.VerifierSealed = kept.Rights, s.box.Seal(v, userVerifierPlace(row.ID))
	row.ConnectionLimit, row.StatementTimeoutSeconds = kept.ConnectionLimit, kept.StatementTimeoutSeconds
	return nil
}

// locked is the row of a database that a settlement moves verifiers of; nil when
// it is gone.
func locked(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row := new(models.Database)
	err := tx.NewSelect().Model(row).Where("d.id = ?", id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, store.Wrap(err, "lock database %s", id)
}
