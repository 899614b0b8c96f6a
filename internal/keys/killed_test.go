package keys_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

const victimURL = "KEYS_TEST_URL"

// TestRotate_Victim is the process that TestS26_KilledInTheMiddle kills: it stops
// after each batch until it is told to go on.
func TestRotate_Victim(t *testing.T) {
	url := os.Getenv(victimURL)
	if url == "" {
		return // it is a part of another test, not one of its own
	}
	db, err := store.Open(t.Context(), secret.New(url))
	require.NoError(t, err)
	r, err := keys.Open(t.Context(), keys.Config{DB: db, Box: boxOf(t, oldKey), Every: every})
	require.NoError(t, err)
	goOn := bufio.NewReader(os.Stdin)
	_, err = r.Rotate(t.Context(), func(n int) {
		fmt.Printf("moved %d\n", n)
		_, _ = goOn.ReadString('\n')
	})
	require.NoError(t, err)
}

// S26: a rotation that was killed with SIGKILL is gone on with, by hand or by Tidy.
func TestS26_KilledInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, goOn := range map[string]func(context.Context, *keys.Ring) error{
		"by hand": func(ctx context.Context, r *keys.Ring) error {
			report, err := r.Rotate(ctx, nil)
			if err == nil && (!report.Continued || report.Moved == 0) {
				err = fmt.Errorf("it began anew: %+v", report)
			}
			return err
		},
		"by tidying": func(ctx context.Context, r *keys.Ring) error { return r.Tidy(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := boxOf(t, oldKey)
			url := testkit.URL(t)
			db, err := store.Open(t.Context(), url)
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			w := &world{t: t, db: db}
			w.fill(450, box)
			r := w.open(box)

			victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRotate_Victim$", "-test.v")
			victim.Env = append(os.Environ(), victimURL+"="+url.Reveal())
			in, err := victim.StdinPipe()
			require.NoError(t, err)
			out, err := victim.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, victim.Start())
			lines, batches := bufio.NewScanner(out), 0
			for batches < 5 && lines.Scan() {
				if strings.HasPrefix(lines.Text(), "moved ") {
					if batches++; batches < 5 {
						_, err := in.Write([]byte("\n"))
						require.NoError(t, err)
					}
				}
			}
			require.Equal(t, 5, batches)
			require.NoError(t, victim.Process.Kill())
			_ = victim.Wait() // killed

			status, err := r.Status(t.Context())
			require.NoError(t, err)
			left := 0
			for _, s := range status {
				if s.ID != 2 {
					left += s.Values
				}
			}
			require.Positive(t, left, "it was killed in the middle: %+v", status)
			require.Less(t, left, w.values())
			// The victim's lock goes with its connection.
			require.Eventually(t, func() bool {
				var locks int
				err := db.NewRaw("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(t.Context(), &locks)
				return err == nil && locks == 0
			}, waitLong, waitTick)
			require.NoError(t, goOn(t.Context(), r))
			w.expectAll(box, 2)
			require.Equal(t, []uint32{1, 2}, w.keyIDs(), "no third key was made")
		})
	}
}
