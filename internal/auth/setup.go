package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// setupTokenLen is in characters of 6 random bits: 258 bits.
const setupTokenLen = 43

// SetUpInput makes the first administrator.
type SetUpInput struct {
	Token       string `json:"-"` // from the server's first start
	Email, Name string
	Password    secret.Text
}

// Format hides the token from every verb of fmt, as secret.Text does.
func (SetUpInput) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[set-up input]") }

// SetupToken makes a fresh one-time token for SetUp, to be shown on the
// server's console; one made before, by another node too, ends. needed is false
// once there is a user.
func (s *Service) SetupToken(ctx context.Context) (token secret.Text, needed bool, err error) {
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		// The row is locked first and the users read after it, so that a
		// first user who is being made at this moment is seen.
		if err := lockInstallation(ctx, tx); err != nil {
			return err
		}
		used, err := hasUsers(ctx, tx)
		if err != nil || used {
			token, needed = secret.Text{}, false
			return err
		}
		token, needed = secret.NewPassword(setupTokenLen), true
		hash := sha256.Sum256([]byte(token.Reveal()))
		return setSetupToken(ctx, tx, hash[:])
	})
	if err != nil {
		return secret.Text{}, false, err
	}
	return token, needed, nil
}

// SetUp makes the first administrator and signs them in. Errors:
// fault.NotFound for a wrong or used token, and ever after the first user,
// whatever else is in the input; fault.Invalid for each field at fault, which
// leaves the token as it is; fault.RateLimited as SignIn.
func (s *Service) SetUp(ctx context.Context, in SetUpInput) (*SignInPayload, error) {
	hash := sha256.Sum256([]byte(in.Token))
	if err := s.checkSetupToken(ctx, hash); err != nil {
		return nil, err
	}
	checked, err := checkUser(in.Email, in.Name, in.Password)
	if err != nil {
		return nil, err
	}
	row, err := s.newOwner(ctx, checked)
	if err != nil {
		return nil, err
	}
	session := s.newSession(ctx, row.ID)
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		// Of several calls with the token one takes it; the others wait here
		// for its end and then find the token gone.
		res, err := tx.NewUpdate().Table("installation").Set("setup_token_hash = NULL").
			Where("setup_token_hash = ?", hash[:]).Exec(ctx)
		if err != nil {
			return store.Wrap(err, "take the set-up token")
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("take the set-up token: %w", err)
		} else if n != 1 {
			return store.NotFound("")
		}
		if err := nobodyYet(ctx, tx); err != nil {
			return err
		}
		if err := insertUser(ctx, tx, row); err != nil {
			return err
		}
		s.beginSession(tx, session)
		who := &actor.Actor{User: row.ID, Session: session.ID}
		return audit.Record(actor.With(ctx, who), tx, audit.Entry{Action: "user.set_up", Kind: ident.User, Object: row.ID.Bare()})
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "first administrator created", "user_id", row.ID)
	return s.signedIn(ctx, row, session)
}

// CreateAdmin makes an owner of the installation from the command line, the
// first or another one; the set-up token ends. Errors: fault.Invalid for each
// of email, name and password at fault; fault.Conflict for an address in use.
func (s *Service) CreateAdmin(ctx context.Context, email, name string, password secret.Text) (*models.User, error) {
	checked, err := checkUser(email, name, password)
	if err != nil {
		return nil, err
	}
	row, err := s.newOwner(ctx, checked)
	if err != nil {
		return nil, err
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		// First, since it locks the row: see SetupToken.
		if err := setSetupToken(ctx, tx, nil); err != nil {
			return err
		}
		if err := insertUser(ctx, tx, row); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Action: "user.create_admin", Kind: ident.User, Object: row.ID.Bare()})
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "administrator created", "user_id", row.ID)
	return row, nil
}

// checkSetupToken is the cheap first look. It may be outdated when the token is
// taken, which looks again.
func (s *Service) checkSetupToken(ctx context.Context, hash [sha256.Size]byte) error {
	row := new(models.Installation)
	if err := s.db.NewSelect().Model(row).Column("setup_token_hash").Scan(ctx); err != nil {
		return store.Wrap(err, "read the set-up token")
	}
	if subtle.ConstantTimeCompare(row.SetupTokenHash, hash[:]) != 1 {
		return store.NotFound("")
	}
	return nobodyYet(ctx, s.db)
}

// newOwner hashes the password, which no transaction waits for.
func (s *Service) newOwner(ctx context.Context, u newUser) (*models.User, error) {
	hash, err := s.hasher.Hash(ctx, u.password)
	if err != nil {
		return nil, err
	}
	role := models.ProviderOwner
	return &models.User{ID: ident.NewUserID(), Email: u.email, Name: u.name, PasswordHash: models.PasswordHash(hash), ProviderRole: &role}, nil
}

func insertUser(ctx context.Context, tx store.Tx, row *models.User) error {
	_, err := tx.NewInsert().Model(row).Exec(ctx)
	if store.Violates(err, "users_email_in_use") {
		return fault.Conflict.Wrap(err, "email", "A user with this e-mail address exists already.")
	}
	return store.Wrap(err, "insert user %s", row.ID)
}

func hasUsers(ctx context.Context, db bun.IDB) (bool, error) {
	used, err := db.NewSelect().Model((*models.User)(nil)).Exists(ctx)
	return used, store.Wrap(err, "look for users")
}

// nobodyYet is fault.NotFound once there is a user.
func nobodyYet(ctx context.Context, db bun.IDB) error {
	used, err := hasUsers(ctx, db)
	if err == nil && used {
		return store.NotFound("")
	}
	return err
}

func lockInstallation(ctx context.Context, tx store.Tx) error {
	_, err := tx.NewSelect().Table("installation").ColumnExpr("1").For("UPDATE").Exec(ctx)
	return store.Wrap(err, "lock the installation")
}

// setSetupToken keeps the hash of a set-up token; nil ends the one there is.
func setSetupToken(ctx context.Context, tx store.Tx, hash []byte) error {
	_, err := tx.NewUpdate().Table("installation").Set("setup_token_hash = ?", hash).Where("only_row").Exec(ctx)
	return store.Wrap(err, "set the set-up token")
}

// SetupNeeded tells whether there is no user yet.
func (s *Service) SetupNeeded(ctx context.Context) (bool, error) {
	used, err := hasUsers(ctx, s.db)
	return !used, err
}
