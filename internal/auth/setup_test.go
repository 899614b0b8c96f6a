package auth_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func setUpInput(token secret.Text) auth.SetUpInput {
	return auth.SetUpInput{Token: token.Reveal(), Email: "Ada@Example.com", Name: "Ada Lovelace", Password: secret.New(password)}
}

func requireNotFound(t *testing.T, err error) {
	t.Helper()
	f := new(fault.Error)
	require.ErrorAs(t, err, &f)
	require.Equal(t, *fault.NotFound.New("", store.NotFoundMessage), *f)
}

func TestSetUp_FirstAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, needed, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	require.True(t, needed)
	require.Len(t, token.Reveal(), 43)
	hash := sha256.Sum256([]byte(token.Reveal()))
	require.Equal(t, 1, w.count("SELECT count(*) FROM installation WHERE setup_token_hash = ?", hash[:]), "only the hash is kept")

	ctx := actor.WithRequest(t.Context(), actor.Request{ID: "req-1", IP: "192.0.2.7"})
	out, err := w.SetUp(ctx, setUpInput(token))
	require.NoError(t, err)
	require.Equal(t, "ada@example.com", out.Viewer.User.Email)
	require.Equal(t, models.ProviderOwner, *out.Viewer.User.ProviderRole)
	require.False(t, out.Viewer.User.CreatedAt.IsZero())

	who, err := w.Authenticate(t.Context(), out.AccessToken)
	require.NoError(t, err)
	require.NotEmpty(t, who.Token)
	who.Token = "" // which only whoever sends it has
	require.Equal(t, out.Viewer.User.ID, who.User)
	require.Equal(t, who, out.Viewer.Actor())
	require.ElementsMatch(t, auth.ProviderPermissions(models.ProviderOwner), who.Provider)

	entry := new(models.AuditEntry)
	require.NoError(t, w.db.NewSelect().Model(entry).Scan(t.Context()))
	require.Equal(t, "user.set_up", entry.Action)
	require.Equal(t, ident.User, entry.ObjectKind)
	require.Equal(t, who.User.UUID, entry.ObjectID)
	require.Equal(t, who.User, entry.UserID)
	require.Equal(t, "192.0.2.7", entry.IP)

	// And ever after, whatever else is asked.
	_, err = w.SetUp(t.Context(), setUpInput(token))
	requireNotFound(t, err)
	_, err = w.SetUp(t.Context(), auth.SetUpInput{Token: token.Reveal()})
	requireNotFound(t, err)
	_, err = w.SetUp(t.Context(), auth.SetUpInput{})
	requireNotFound(t, err)
	again, needed, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	require.False(t, needed)
	require.True(t, again.IsZero())
	require.Equal(t, 1, w.count("SELECT count(*) FROM users"))
}

func TestSetUp_WrongTokenTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.OnHash(func() { t.Error("a wrong token costs a hash") })
	in := setUpInput(secret.New(""))
	_, err := w.SetUp(t.Context(), in)
	requireNotFound(t, err) // no token was made yet

	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	for name, wrong := range map[string]string{
		"empty":        "",
		"other":        secret.NewPassword(43).Reveal(),
		"cut":          token.Reveal()[:42],
		"longer":       token.Reveal() + "A",
		"other case":   strings.ToLower(token.Reveal()) + strings.ToUpper(token.Reveal()),
		"a megabyte":   strings.Repeat("A", 1<<20),
		"NUL":          "\x00",
		"not UTF-8":    "\xff",
		"SQL":          "' OR setup_token_hash IS NOT NULL --",
		"space around": " " + token.Reveal(),
	} {
		in := in
		in.Token = wrong
		_, err := w.SetUp(t.Context(), in)
		requireNotFound(t, err)
		in.Email, in.Password = "nobody", secret.New("short") // not even checked
		_, err = w.SetUp(t.Context(), in)
		requireNotFound(t, err)
		require.Equal(t, 0, w.count("SELECT count(*) FROM users"), name)
	}
}

func TestSetUp_FieldAtFaultLeavesTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	in := setUpInput(token)
	in.Email, in.Name, in.Password = "nobody", "", secret.New("short")
	_, err = w.SetUp(t.Context(), in)
	require.Len(t, fault.All(err), 3)
	require.Equal(t, fault.Invalid, fault.CodeOf(err))

	_, err = w.SetUp(t.Context(), setUpInput(token))
	require.NoError(t, err)
}

func TestSetUp_FreshTokenEndsTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	fresh, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, old.Reveal(), fresh.Reveal())

	_, err = w.SetUp(t.Context(), setUpInput(old))
	requireNotFound(t, err)
	_, err = w.SetUp(t.Context(), setUpInput(fresh))
	require.NoError(t, err)
}

func TestSetUp_FiftyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	// All pass the first look at the token before one may take it.
	const calls = 50
	var looked sync.WaitGroup
	looked.Add(calls)
	w.Unbounded()
	w.OnHash(func() { looked.Done(); looked.Wait() })

	var made, notFound atomic.Int64
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			in := setUpInput(token)
			in.Email = fmt.Sprintf("ada%d@example.com", i)
			switch _, err := w.SetUp(t.Context(), in); fault.CodeOf(err) {
			case "":
				made.Add(1)
			case fault.NotFound:
				notFound.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, made.Load())
	require.EqualValues(t, calls-1, notFound.Load())
	require.Equal(t, 1, w.count("SELECT count(*) FROM users"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM installation WHERE setup_token_hash IS NULL"))
}

// The three ways to or around the first user, at the same moment: none leaves a
// token behind that still works.
func TestSetUp_AgainstTheCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	w.Unbounded()
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			_, err := w.CreateAdmin(t.Context(), fmt.Sprintf("grace%d@example.com", i), "Grace Hopper", secret.New(password))
			if err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := w.SetUp(t.Context(), setUpInput(token)); err != nil && fault.CodeOf(err) != fault.NotFound {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, _, err := w.SetupToken(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, w.count("SELECT count(*) FROM installation WHERE setup_token_hash IS NULL"))
	require.LessOrEqual(t, w.count("SELECT count(*) FROM audit_entries WHERE action = 'user.set_up'"), 1)
}

// A user who came by another way ends the token too, even while it is stored.
func TestSetUp_UserExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin("grace@example.com")
	hash := sha256.Sum256([]byte("token"))
	w.exec("UPDATE installation SET setup_token_hash = ?", hash[:])
	_, err := w.SetUp(t.Context(), setUpInput(secret.New("token")))
	requireNotFound(t, err)
	_, err = w.SetUp(t.Context(), auth.SetUpInput{Token: "token"})
	requireNotFound(t, err) // not the faults of its fields
	require.Equal(t, 1, w.count("SELECT count(*) FROM users"))
}

// Between the first look at the token and the transaction lies the hash.
func TestSetUp_TokenReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	w.OnHash(func() {
		if _, _, err := w.SetupToken(t.Context()); err != nil {
			t.Error(err)
		}
	})
	_, err = w.SetUp(t.Context(), setUpInput(token))
	requireNotFound(t, err)
	require.Equal(t, 0, w.count("SELECT count(*) FROM users"))
}

func TestSetUp_UserMadeMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	w.OnHash(func() {
		w.exec("INSERT INTO users (id, email, name, password_hash) VALUES (?, 'eve@example.com', 'Eve', '')", ident.NewUserID())
	})
	_, err = w.SetUp(t.Context(), setUpInput(token))
	requireNotFound(t, err)
	require.Equal(t, 1, w.count("SELECT count(*) FROM users"))
}

// A token that is asked for while the first user is being made must see them.
func TestSetupToken_UserBeingMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.NewRaw("UPDATE installation SET setup_token_hash = NULL").Exec(t.Context())
	require.NoError(t, err)
	_, err = tx.NewRaw("INSERT INTO users (id, email, name, password_hash) VALUES (?, 'eve@example.com', 'Eve', '')", ident.NewUserID()).Exec(t.Context())
	require.NoError(t, err)

	answer := make(chan bool, 1)
	go func() {
		_, needed, err := w.SetupToken(t.Context())
		if err != nil {
			t.Error(err)
		}
		answer <- needed
	}()
	for w.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0 {
	}
	require.NoError(t, tx.Commit())
	require.False(t, <-answer)
	require.Equal(t, 1, w.count("SELECT count(*) FROM installation WHERE setup_token_hash IS NULL"))
}

func TestCreateAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)

	_, err = w.CreateAdmin(t.Context(), "nobody", "", secret.New("short"))
	require.Len(t, fault.All(err), 3)
	u, err := w.CreateAdmin(t.Context(), "Grace@Example.com", "Grace Hopper", secret.New(password))
	require.NoError(t, err)
	require.Equal(t, models.ProviderOwner, *u.ProviderRole)
	require.Equal(t, 1, w.count("SELECT count(*) FROM installation WHERE setup_token_hash IS NULL"))
	_, err = w.SetUp(t.Context(), setUpInput(token))
	requireNotFound(t, err)

	_, err = w.CreateAdmin(t.Context(), "grace@example.COM", "Grace Again", secret.New(password))
	f := new(fault.Error)
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.Conflict, f.Code)
	require.Equal(t, "email", f.Field)

	w.admin("second@example.com")
	require.Equal(t, 2, w.count("SELECT count(*) FROM audit_entries WHERE action = 'user.create_admin' AND user_id IS NULL"))
	w.as(u)
}
