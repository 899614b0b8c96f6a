package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// A showing is a mutation that shows a secret once, as often as it is called.
type showing func(ctx context.Context, b *faultBench, s scene, dump *models.DatabaseDump) (string, error)

func shownIn(c *database.Credentials, err error) (string, error) {
	if c == nil || err != nil {
		return "", err
	}
	return fmt.Sprintln(c.Host, c.Port, c.Database, c.Username, c.Password()), nil
}

func linkIn(p *database.DumpURLPayload, err error) (string, error) {
	if err != nil || p.URL == nil {
		return "", err
	}
	return *p.URL + p.ExpiresAt.Format(time.RFC3339), nil
}

var showings = map[string]showing{
	"createDatabase": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		out, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: s.database.CustomerID, Name: b.name + "x"})
		if err != nil {
			return "", err
		}
		return shownIn(out.Credentials, err)
	},
	"cloneDatabase": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		out, err := b.panel.dumps.Clone(ctx, database.CloneInput{ID: s.database.ID, Name: b.name + "x"})
		if err != nil {
			return "", err
		}
		return shownIn(out.Credentials, err)
	},
	"rotateDatabasePassword": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		grace := 60
		out, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: &grace})
		if err != nil {
			return "", err
		}
		return shownIn(out.Credentials, err)
	},
	"createDatabaseUser": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		out, err := b.panel.databases.CreateUser(ctx, database.CreateUserInput{DatabaseID: s.database.ID, Name: "ann", Rights: models.RightsReadOnly})
		if err != nil {
			return "", err
		}
		return shownIn(out.Credentials, err)
	},
	"rotateDatabaseUserPassword": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		var id ident.DatabaseUserID
		if err := b.oracle.NewSelect().Model((*models.DatabaseUser)(nil)).Column("id").Where("du.database_id = ?", s.database.ID).Scan(ctx, &id); err != nil {
			return "", err
		}
		out, err := b.panel.databases.RotateUserPassword(ctx, database.RotateUserPasswordInput{ID: id})
		if err != nil {
			return "", err
		}
		return shownIn(out.Credentials, err)
	},
	"createApiToken": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		out, err := b.panel.auth.CreateAPIToken(ctx, auth.CreateAPITokenInput{
			Name: "deploy", Permissions: []actor.Permission{actor.DatabasesRead}, CustomerID: &s.database.CustomerID,
		})
		if err != nil || out.Token == nil {
			return "", err
		}
		return *out.Token, nil
	},
	"createDatabaseDumpUrl": func(ctx context.Context, b *faultBench, _ scene, dump *models.DatabaseDump) (string, error) {
		return linkIn(b.panel.dumps.CreateDumpURL(ctx, database.DumpURLInput{ID: dump.ID}))
	},
	"createDatabaseUpload": func(ctx context.Context, b *faultBench, s scene, _ *models.DatabaseDump) (string, error) {
		return linkIn(b.panel.dumps.CreateUpload(ctx, database.UploadInput{DatabaseID: s.database.ID}))
	},
}

// Every mutation whose payload has a field that is "Shown once." shows it again to
// who repeats it with the idempotency key.
func TestShownOnce_EveryMutationShowsItAgain(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	schema, err := b.panel.newSchema(config.Options{Executor: config.ExecutorStock}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	var promised []string
	for _, f := range schema.Schema().Mutation.Fields {
		for _, field := range schema.Schema().Types[f.Type.Name()].Fields {
			if strings.HasPrefix(field.Description, "Shown once.") && (len(promised) == 0 || promised[len(promised)-1] != f.Name) {
				promised = append(promised, f.Name)
			}
		}
	}
	var tested []string
	for name := range showings {
		tested = append(tested, name)
	}
	require.ElementsMatch(t, promised, tested, "the schema promises it of these, these are tested")

	for name, show := range showings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFaultBench(t)
			s := b.tenant(t, b.customer(t, nil, 10), b.name+"db")
			var dump *models.DatabaseDump
			switch name {
			case "rotateDatabaseUserPassword":
				out, err := b.panel.databases.CreateUser(b.by(t), database.CreateUserInput{DatabaseID: s.database.ID, Name: "ann", Rights: models.RightsReadOnly})
				require.NoError(t, err)
				require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
			case "createDatabaseDumpUrl":
				dump = b.export(t, s.database.ID, models.DumpPlain)
			}
			keyed := func(who *actor.Actor, key string) context.Context {
				ctx, err := idempotency.WithKey(actor.With(t.Context(), who), key)
				require.NoError(t, err)
				return ctx
			}
			call := func(ctx context.Context) string {
				shown, err := show(ctx, b, s, dump)
				require.NoError(t, err)
				return shown
			}
			first := call(keyed(b.staff, "lost"))
			require.NotEmpty(t, first)
			require.Equal(t, first, call(keyed(b.staff, "lost")), "the answer that was lost")
			other := *b.staff
			user := &models.User{ID: ident.NewUserID(), Email: "other@example.com", Name: "Other", PasswordHash: "none"}
			_, err := b.oracle.NewInsert().Model(user).Exec(t.Context())
			require.NoError(t, err)
			other.User = user.ID
			if theirs, err := show(keyed(&other, "lost"), b, s, dump); err == nil {
				require.NotEqual(t, first, theirs)
			}
			stranger := &actor.Actor{User: b.staff.User} // whose role was taken away meanwhile
			if shown, err := show(keyed(stranger, "lost"), b, s, dump); err == nil {
				require.Empty(t, shown)
			}
			_, err = b.oracle.ExecContext(t.Context(), "UPDATE idempotency_keys SET created_at = created_at - interval '15 minutes 1 second'")
			require.NoError(t, err)
			require.Empty(t, call(keyed(b.staff, "lost")), "after a quarter of an hour")
		})
	}
}

// The credentials of a lost answer are those that a job which failed, and was tried
// again, makes true.
func TestShownOnce_AndTriedAgain(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 2)
	ctx, err := idempotency.WithKey(b.by(t), "lost")
	require.NoError(t, err)
	in := database.CreateInput{CustomerID: c, Name: b.name}
	first, err := b.panel.databases.Create(ctx, in)
	require.NoError(t, err)
	s := scene{job: first.Job.ID, database: first.Database, password: first.Credentials.Secret}
	t.Cleanup(func() { b.clear(t, s) })
	doomed := func(_ context.Context, point string) error {
		if strings.HasSuffix(point, "grant-access:after-effect") {
			return faulttest.Doomed()
		}
		return nil
	}
	b.probe.Store(&doomed)
	require.Equal(t, models.JobFailed, b.finished(t, s.job).State)
	b.probe.Store(nil)
	again, err := b.panel.databases.Create(ctx, in)
	require.NoError(t, err)
	require.Equal(t, first.Credentials, again.Credentials, "of a job that failed as well")
	retried, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: s.job})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, retried.Job.ID).State)
	again, err = b.panel.databases.Create(ctx, in)
	require.NoError(t, err)
	s.database, s.password = again.Database, again.Credentials.Secret
	require.NoError(t, b.enters(t.Context(), s, s.password), "and they let one in")
}
