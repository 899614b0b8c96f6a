//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

type dumpRow struct{ id, origin, state, node, file, sum string }

func (k *torture) dumpRows(t *testing.T) (found []dumpRow) {
	t.Helper()
	require.NoError(t, k.ask(t.Context(), "panel", "mpanel", func(conn *pgx.Conn) error {
		rows, err := conn.Query(t.Context(), `SELECT id::text, origin, state, coalesce(node, ''), coalesce(file, ''), coalesce(encode(sha256, 'hex'), '')
			FROM database_dumps ORDER BY id`)
		if err != nil {
			return err
		}
		var r dumpRow
		_, err = pgx.ForEachRow(rows, []any{&r.id, &r.origin, &r.state, &r.node, &r.file, &r.sum}, func() error {
			found = append(found, r)
			return nil
		})
		return err
	}))
	return found
}

// fileOf is where a node keeps a dump.
func (k *torture) fileOf(r dumpRow) string {
	dir := k.data()
	if strings.HasPrefix(r.node, "second") {
		dir = filepath.Join(k.dir, "unused-by-"+r.node)
	}
	return filepath.Join(dir, "dumps", r.node, r.file)
}

// judgeDumps: what is READY is whole, what was acknowledged is READY, and what
// did not become so has no file. New ones are fetched.
func (k *torture) judgeDumps(t *testing.T) (bad []string) {
	t.Helper()
	say := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	left := map[string]*dump{}
	for id, d := range k.dumps {
		left[uuidOf(t, id)] = d
	}
	for _, r := range k.dumpRows(t) {
		d := left[r.id]
		delete(left, r.id)
		switch {
		case d == nil && r.state == "READY" && r.origin == "EXPORT":
			say("dump: %+v is READY and nobody's", r)
		case d != nil && r.state != "READY":
			say("dump: an export has SUCCEEDED, and it is %+v", r)
		case r.state == "PENDING" && r.origin == "EXPORT":
			say("dump: %+v is PENDING without a job", r)
		case r.state != "READY" && r.file != "":
			say("dump: %+v has a file", r)
		}
		if r.state != "READY" {
			continue
		}
		file, err := os.ReadFile(k.fileOf(r))
		if sum := sha256.Sum256(file); err != nil || hex.EncodeToString(sum[:]) != r.sum {
			say("dump: the file of %+v is not what its row says: %v", r, err)
			continue
		}
		if d == nil || d.file != nil || k.away[d.ID] {
			continue
		}
		if d.file, err = k.download(t, d.ID); err != nil {
			say("dump: %+v cannot be fetched: %v", r, err)
		}
	}
	for id := range left {
		say("dump: the export %s has SUCCEEDED, and there is no row", id)
	}
	return bad
}

// requireNoStrays starts the panel once more, which removes the files that its
// earlier processes left, and wants those of the rows and no others.
func (k *torture) requireNoStrays(t *testing.T) {
	t.Helper()
	k.server.stop(t)
	k.restart(t, false)
	eventually(t, 10*time.Second, func() error {
		want := map[string]bool{}
		for _, r := range k.dumpRows(t) {
			if r.file != "" {
				want[k.fileOf(r)] = true
			}
		}
		return filepath.WalkDir(filepath.Join(k.data(), "dumps"), func(path string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err == nil && !e.IsDir() && !want[path]:
				return fmt.Errorf("left over: %s", path)
			}
			return err
		})
	})
}
