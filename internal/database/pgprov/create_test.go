package pgprov

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

func TestServer_WholePathTwice(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		require.Equal(t, allAbsent, w.states(t, x))
		for i, step := range w.steps(x) {
			require.NoError(t, step(t.Context()))
			states := w.states(t, x)
			require.Equal(t, allMatch[:i+1], states[:i+1])
			require.Equal(t, allAbsent[i+1:], states[i+1:])
		}
		w.create(t, x)
		require.Equal(t, allMatch, w.states(t, x))

		customer := x.enter(t, x.space.Name)
		_, err := customer.Exec(t.Context(), "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
		require.NoError(t, err)

		// Suspended and resumed: the data stays.
		for range 2 {
			require.NoError(t, w.DisableLogin(t.Context(), x.login))
			require.NoError(t, w.CloseSpace(t.Context(), x.space))
		}
		dead(t, customer)
		require.Equal(t, []engine.State{engine.Differs, engine.Matches, engine.Absent, engine.Matches}, w.states(t, x))
		require.NotEmpty(t, x.refused(t, x.space.Name))
		w.create(t, x)
		require.Equal(t, allMatch, w.states(t, x))
		var id int
		require.NoError(t, x.enter(t, x.space.Name).QueryRow(t.Context(), "SELECT id FROM kept").Scan(&id))
		require.Equal(t, 7, id)

		for range 2 {
			require.NoError(t, w.CloseSpace(t.Context(), x.space))
			require.NoError(t, w.WithdrawSpace(t.Context(), x.space))
		}
		require.Equal(t, []engine.State{engine.Matches, engine.Matches, engine.Absent, engine.Absent}, w.states(t, x))
		for range 2 {
			require.NoError(t, w.DropSpace(t.Context(), x.space))
			require.NoError(t, w.DropLogin(t.Context(), x.login))
		}
		require.Equal(t, allAbsent, w.states(t, x))
		for _, remove := range []func(context.Context, database.Space) error{w.CloseSpace, w.WithdrawSpace, w.DropSpace} {
			require.NoError(t, remove(t.Context(), x.space), "nothing is left to remove")
		}
		require.NoError(t, w.DisableLogin(t.Context(), x.login))
	})
}

// crashAt fails at one point, as a process that dies there would stop.
func crashAt(ctx context.Context, point string) context.Context {
	return engine.WithPoints(ctx, func(name string) error {
		if name == point {
			return errCrash
		}
		return nil
	})
}

var errCrash = errors.New("crashed")

func TestServer_CrashAtEachPoint(t *testing.T) {
	points := []string{"created", "marked", "schema", "granted"}
	eachAdmin(t, func(t *testing.T, w *world) {
		var seen []string
		x := w.newWish(t)
		for _, step := range w.steps(x) {
			require.NoError(t, step(engine.WithPoints(t.Context(), func(name string) error {
				seen = append(seen, name)
				return nil
			})))
		}
		require.Equal(t, points, seen)

		for i, point := range points {
			t.Run(point, func(t *testing.T) {
				x := w.newWish(t)
				crashes := 0
				for _, step := range w.steps(x) {
					err := step(crashAt(t.Context(), point))
					if !errors.Is(err, errCrash) {
						require.NoError(t, err)
						continue
					}
					crashes++
					switch point {
					case "created": // PUBLIC may connect, but the limit is 0
						require.Equal(t, "53300", x.refused(t, x.space.WorkName))
					case "granted":
						x.enter(t, x.space.WorkName)
					default:
						require.Equal(t, "42501", x.refused(t, x.space.WorkName))
					}
					if i == 0 {
						o, err := w.ObserveSpace(t.Context(), x.space)
						require.NoError(t, err)
						require.Equal(t, engine.Differs, o.State)
					}
					require.NoError(t, step(t.Context()))
				}
				require.Equal(t, 1, crashes)
				require.Equal(t, allMatch, w.states(t, x))
			})
			t.Run(point+" then undo", func(t *testing.T) {
				x := w.newWish(t)
				for _, step := range w.steps(x) {
					if step(crashAt(t.Context(), point)) != nil {
						break
					}
				}
				require.NoError(t, w.WithdrawSpace(t.Context(), x.space))
				require.NoError(t, w.CloseSpace(t.Context(), x.space))
				require.NoError(t, w.DropSpace(t.Context(), x.space))
				require.NoError(t, w.DropLogin(t.Context(), x.login))
				require.Equal(t, allAbsent, w.states(t, x))
			})
		}
	})
}

// PUBLIC has CONNECT between "created" and "marked": only the limit of 0 keeps
// customers out.
func TestEnsureSpace_NobodyGetsInBeforeItIsClosed(t *testing.T) {
	w := newWorld(t, rootUser)
	other, x := w.newWish(t), w.newWish(t)
	w.create(t, other)
	require.ErrorIs(t, w.EnsureSpace(crashAt(t.Context(), "created"), x.space), errCrash)
	require.Equal(t, "53300", other.refused(t, x.space.WorkName))
	require.ErrorContains(t, w.PublishSpace(t.Context(), x.space), "mark")
	require.NoError(t, w.EnsureLogin(t.Context(), x.login))
	require.ErrorContains(t, w.OpenSpace(t.Context(), x.space), "not finished")
	require.Equal(t, "53300", other.refused(t, x.space.WorkName))
}

func TestServer_ManyAtOnce(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		second := &world{server: newWorld(t, w.addr.User).server}
		for round := range 3 {
			for i := range w.steps(x) {
				atOnce(t, fmt.Sprintf("round %d step %d", round, i), w.steps(x)[i], second.steps(x)[i])
			}
			require.Equal(t, allMatch, w.states(t, x))
			for i, remove := range []func(*world, context.Context) error{
				func(w *world, ctx context.Context) error { return w.CloseSpace(ctx, x.space) },
				func(w *world, ctx context.Context) error { return w.WithdrawSpace(ctx, x.space) },
				func(w *world, ctx context.Context) error { return w.DropSpace(ctx, x.space) },
				func(w *world, ctx context.Context) error { return w.DropLogin(ctx, x.login) },
			} {
				atOnce(t, fmt.Sprintf("round %d removal %d", round, i),
					func(ctx context.Context) error { return remove(w, ctx) },
					func(ctx context.Context) error { return remove(second, ctx) })
			}
			require.Equal(t, allAbsent, w.states(t, x))
		}
	})
}

// atOnce runs each of calls three times, all at the same time.
func atOnce(t *testing.T, what string, calls ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 3*len(calls))
	for i := range errs {
		wg.Go(func() { errs[i] = calls[i%len(calls)](ctx) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...), what)
}
