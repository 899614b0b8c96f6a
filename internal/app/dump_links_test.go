package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// exported is a database with a dump of a few hundred kilobytes.
func (b *faultBench) exported(t *testing.T) (scene, *models.DatabaseDump) {
	t.Helper()
	s := b.tenant(t, b.customer(t, nil, 10), b.name+"db")
	b.as(t, s, "CREATE TABLE content AS SELECT i AS n, md5(i::text) AS v FROM generate_series(1, 20000) i")
	return s, b.export(t, s.database.ID, models.DumpPlain)
}

func TestDumpURL_OnceAndNoMore(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	_, row := b.exported(t)
	link, err := b.panel.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	address := at(srv, *link.URL)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, address, http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, "a look does not use it up")
	status, _ := put(t, address, strings.NewReader("x"))
	require.Equal(t, http.StatusGone, status, "it is not for uploads")

	var mu sync.Mutex
	got := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			res, body := get(t, address)
			mu.Lock()
			defer mu.Unlock()
			got[res.StatusCode]++
			if res.StatusCode == http.StatusOK {
				sum := sha256.Sum256(body)
				require.Equal(t, row.SHA256, sum[:])
			} else {
				require.Contains(t, string(body), "This link is not valid any more")
			}
		})
	}
	all.Wait()
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusGone: 49}, got)

	gone, body := get(t, address)
	require.Equal(t, http.StatusGone, gone.StatusCode)
	for what, other := range map[string]string{
		"unknown": srv.URL + "/files/" + strings.Repeat("A", 43), "empty-like": srv.URL + "/files/%00", "long": srv.URL + "/files/" + strings.Repeat("x", 3000),
		"SQL": srv.URL + "/files/'%20OR%20true--", "unsigned peer": srv.URL + "/files/peer/" + row.ID.Opaque() + "?dump=" + row.ID.Opaque() + "&from=0&expires=99999999999&signature=AAAA",
	} {
		res, text := get(t, other)
		require.Equal(t, http.StatusGone, res.StatusCode, what)
		require.Equal(t, string(body), string(text), what)
	}
	var entries []string
	require.NoError(t, b.oracle.NewSelect().Model((*models.AuditEntry)(nil)).Column("action").Where("object_id = ?", row.ID).Order("id").Scan(t.Context(), &entries))
	require.Equal(t, []string{"database_dump.link", "database_dump.download"}, entries, "each use is audited, what was refused is none")
	var plain int
	token := address[strings.LastIndex(address, "/")+1:]
	require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM database_dump_links AS l WHERE l::text LIKE ?", "%"+token+"%").Scan(t.Context(), &plain))
	require.Zero(t, plain, "only a hash is kept")

	link, err = b.panel.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	_, err = b.oracle.NewUpdate().Model((*models.DatabaseDumpLink)(nil)).Set("expires_at = now() - interval '1 second'").Where("claimed_at IS NULL").Exec(t.Context())
	require.NoError(t, err)
	late, _ := get(t, at(srv, *link.URL))
	require.Equal(t, http.StatusGone, late.StatusCode, "expired")
}

func TestDumpURL_GoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	_, row := b.exported(t)
	link, err := b.panel.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	address := at(srv, *link.URL)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	own := &http.Client{Transport: &http.Transport{}}
	res, err := own.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	first := make([]byte, 1000)
	_, err = io.ReadFull(res.Body, first)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	own.CloseIdleConnections()

	other, _ := get(t, address, "Range", "bytes=1000-", "User-Agent", "somebody else")
	require.Equal(t, http.StatusGone, other.StatusCode, "another client may not go on")
	whole, _ := get(t, address)
	require.Equal(t, http.StatusGone, whole.StatusCode, "nor may anybody begin anew")
	part, rest := get(t, address, "Range", "bytes=1000-")
	require.Equal(t, http.StatusPartialContent, part.StatusCode)
	require.Equal(t, "bytes 1000-"+strconv.FormatInt(*row.SizeBytes-1, 10)+"/"+strconv.FormatInt(*row.SizeBytes, 10), part.Header.Get("Content-Range"))
	sum := sha256.Sum256(slices.Concat(first, rest))
	require.Equal(t, row.SHA256, sum[:])
	require.Eventually(t, func() bool { // a client has all bytes a moment before the server knows
		var left float64
		require.NoError(t, b.oracle.NewRaw("SELECT extract(epoch FROM resume_until - now()) FROM database_dump_links WHERE dump_id = ?", row.ID).Scan(t.Context(), &left))
		return left <= 60
	}, 10*time.Second, 5*time.Millisecond, "it was sent to the end, and has a minute to arrive")
	_, err = b.oracle.NewUpdate().Model((*models.DatabaseDumpLink)(nil)).Set("resume_until = now()").Where("TRUE").Exec(t.Context())
	require.NoError(t, err)
	late, _ := get(t, address, "Range", "bytes=1000-")
	require.Equal(t, http.StatusGone, late.StatusCode)
}

func TestUpload_LimitsAndSums(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	s := b.tenant(t, b.customer(t, nil, 10), b.name+"db")
	file := dumpOf("CREATE TABLE there (n int);")
	sum := sha256.Sum256(file)
	right := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	ten := int64(10)
	for name, tc := range map[string]struct {
		limit   *int64
		body    func() io.Reader
		headers []string
		status  int
		want    string
	}{
		"right sum":          {nil, reader(file), []string{"Repr-Digest", right}, http.StatusCreated, "stored"},
		"wrong sum":          {nil, reader(append(file, ' ')), []string{"Repr-Digest", right}, http.StatusBadRequest, "checksum"},
		"no sum at all":      {nil, reader(file), []string{"Repr-Digest", "sha-256=:xx:"}, http.StatusBadRequest, "Repr-Digest"},
		"too large, said so": {&ten, reader(file), nil, http.StatusBadRequest, "10 bytes at most"},
		"too large, unsaid":  {&ten, func() io.Reader { return io.LimitReader(same('x'), 1<<20) }, nil, http.StatusBadRequest, "10 bytes at most"},
		"exactly the limit":  {&ten, reader([]byte("0123456789")), nil, http.StatusCreated, "stored"},
		"empty":              {nil, func() io.Reader { return io.LimitReader(same('x'), 0) }, nil, http.StatusBadRequest, "empty"},
		"encoded on the way": {nil, reader(file), []string{"Content-Encoding", "gzip"}, http.StatusBadRequest, "Content-Encoding"},
	} {
		link, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: s.database.ID, SizeBytes: tc.limit})
		require.NoError(t, err, name)
		status, text := put(t, at(srv, *link.URL), tc.body(), tc.headers...)
		require.Equal(t, tc.status, status, "%s: %s", name, text)
		require.Contains(t, text, tc.want, name)
		row := b.dump(t, link.Dump.ID)
		if status == http.StatusCreated {
			require.Equal(t, models.DumpReady, row.State, name)
			again, _ := put(t, at(srv, *link.URL), tc.body())
			require.Equal(t, http.StatusGone, again, "%s: once", name)
		} else {
			require.NotEqual(t, models.DumpReady, row.State, name)
			require.Nil(t, row.File, name)
		}
		_, err = b.panel.dumps.DeleteDump(b.by(t), database.DeleteDumpInput{ID: row.ID})
		require.NoError(t, err, name)
		require.Empty(t, b.filesLeft(t), name)
	}
	// A client that goes away in the middle.
	link, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: s.database.ID})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, at(srv, *link.URL), io.MultiReader(bytes.NewReader(file), failing{}))
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(req) //nolint:bodyclose // there is none
	require.Error(t, err)
	require.Eventually(t, func() bool { return b.dump(t, link.Dump.ID).State == models.DumpFailed }, 10*time.Second, 10*time.Millisecond)
	require.Empty(t, b.filesLeft(t))
	_, err = b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: s.database.ID, SizeBytes: new(int64(database.MaxUploadBytes + 1))})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

func reader(b []byte) func() io.Reader { return func() io.Reader { return bytes.NewReader(b) } }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client is gone") }

// Who may do what with a dump, and that the same key gives no second secret.
func TestDumps_EachSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s, row := b.exported(t)
	other := b.customer(t, nil, 10)
	foreign := b.tenant(t, other, b.name+"foreign")
	for role, want := range map[models.CustomerRole]fault.Code{models.CustomerOwner: "", models.CustomerReadOnly: fault.Forbidden} {
		ctx := actor.With(t.Context(), b.member(t, s.database.CustomerID, role))
		_, err := b.panel.dumps.CreateDumpURL(ctx, database.DumpURLInput{ID: row.ID})
		require.Equal(t, want, fault.CodeOf(err), "a dump is all data: %s", role)
		found, err := b.panel.dumps.FindDump(ctx, row.ID)
		require.NoError(t, err)
		require.Equal(t, row.ID, found.ID)
	}
	ctx := actor.With(t.Context(), b.member(t, other, models.CustomerOwner))
	found, err := b.panel.dumps.FindDump(ctx, row.ID)
	require.NoError(t, err)
	require.Nil(t, found)
	for what, do := range map[string]func(ident.DatabaseDumpID) error{
		"url": func(id ident.DatabaseDumpID) error {
			_, err := b.panel.dumps.CreateDumpURL(ctx, database.DumpURLInput{ID: id})
			return err
		},
		"delete": func(id ident.DatabaseDumpID) error {
			_, err := b.panel.dumps.DeleteDump(ctx, database.DeleteDumpInput{ID: id})
			return err
		},
		"import": func(id ident.DatabaseDumpID) error {
			_, err := b.panel.dumps.Import(ctx, database.ImportInput{ID: foreign.database.ID, DumpID: id})
			return err
		},
	} {
		require.Equal(t, fault.NotFound, fault.CodeOf(do(row.ID)), what)
		require.Equal(t, do(ident.NewDatabaseDumpID()).Error(), do(row.ID).Error(), what)
	}
	keyed, err := idempotency.WithKey(b.by(t), "one key")
	require.NoError(t, err)
	first, err := b.panel.dumps.CreateDumpURL(keyed, database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	require.NotNil(t, first.URL)
	again, err := b.panel.dumps.CreateDumpURL(keyed, database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	require.Equal(t, first.URL, again.URL)
	require.Equal(t, row.ID, again.Dump.ID)
	for i := 1; i < database.MaxDumps; i++ {
		_, err := b.panel.dumps.CreateUpload(b.by(t), database.UploadInput{DatabaseID: s.database.ID})
		require.NoError(t, err)
	}
	_, err = b.panel.dumps.Export(b.by(t), database.ExportInput{ID: s.database.ID})
	require.ErrorContains(t, err, "at most 10 dumps")
}

// A dump lies on one node; others fetch it from there, and say so when they cannot.
func TestDumps_OnAnotherNode(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s, row := b.exported(t)
	want := b.pgDump(t, s)
	var up sync.RWMutex
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up.RLock()
		defer up.RUnlock()
		b.panel.api.ServeHTTP(w, r)
	}))
	t.Cleanup(first.Close)
	box, err := secret.NewBox(secret.New(testKey))
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	second, err := newPanel(t.Context(), &stores{db: db, box: box}, config.Options{DataDir: t.TempDir(), BaseURL: "http://panel.test"}, fast("second", nil), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(second.close)
	srv := httptest.NewServer(second.api)
	t.Cleanup(srv.Close)

	link, err := second.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	res, body := get(t, at(srv, *link.URL))
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Contains(t, string(body), "MPANEL_ADVERTISE_URL")

	_, err = b.oracle.NewInsert().Model(&models.FileNode{Node: "matrix", URL: &first.URL}).Exec(t.Context())
	require.NoError(t, err)
	link, err = second.dumps.CreateDumpURL(b.by(t), database.DumpURLInput{ID: row.ID})
	require.NoError(t, err)
	res, body = get(t, at(srv, *link.URL))
	require.Equal(t, http.StatusOK, res.StatusCode, string(body[:min(len(body), 200)]))
	sum := sha256.Sum256(body)
	require.Equal(t, row.SHA256, sum[:])

	out, err := second.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: row.ID, Replace: true})
	require.NoError(t, err)
	second.engine.Run(t.Context(), out.Job.ID)
	job := new(models.Job)
	require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", out.Job.ID).Scan(t.Context()))
	require.Equal(t, models.JobSucceeded, job.State, ptr(job.ErrorMessage))
	require.Equal(t, want, b.pgDump(t, s))

	nobody := "http://127.0.0.1:1"
	_, err = b.oracle.NewUpdate().Model(&models.FileNode{Node: "matrix", URL: &nobody}).WherePK().Exec(t.Context())
	require.NoError(t, err)
	out, err = second.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: row.ID, Replace: true})
	require.NoError(t, err)
	second.engine.Run(t.Context(), out.Job.ID)
	require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", out.Job.ID).Scan(t.Context()))
	require.Equal(t, models.JobRunning, job.State)
	require.Contains(t, ptr(job.WaitingFor), "lies on node matrix of the panel, which does not answer")
	b.panel.engine.Run(t.Context(), out.Job.ID)
	require.Eventually(t, func() bool {
		b.panel.engine.Run(t.Context(), out.Job.ID)
		require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", out.Job.ID).Scan(t.Context()))
		return job.State == models.JobSucceeded
	}, 30*time.Second, 100*time.Millisecond, "the node that has the file does it")
}

func TestTidy_RemovesWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s, row := b.exported(t)
	folder := dumpFolder(b.dir, "matrix")
	old, before := time.Now().Add(-2*time.Hour), time.Now().Add(-time.Minute)
	for name, age := range map[string]time.Time{
		ident.NewDatabaseDumpID().String() + "-0123456789abcdef":      old,        // lost its row
		ident.NewDatabaseDumpID().String() + "-0123456789abcdee.part": before,     // a process that was killed
		ident.NewDatabaseDumpID().String() + "-0123456789abcdee":      before,     // one that was killed before it could tell of it
		ident.NewDatabaseDumpID().String() + "-0123456789abcdff.part": time.Now(), // at work
		ident.NewDatabaseDumpID().String() + "-0123456789abcdfe":      time.Now(), // just finished
		"README": old, // not ours
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(folder, name), age, age))
	}
	require.NoError(t, b.panel.dumps.Tidy(t.Context()))
	require.Len(t, b.filesLeft(t), 4)
	require.FileExists(t, filepath.Join(folder, *row.File))

	// One that has expired goes, unless a job reads it.
	_, err := b.oracle.NewUpdate().Model(row).WherePK().Set("expires_at = now() + interval '1 hour'").Exec(t.Context())
	require.NoError(t, err)
	out, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: row.ID, Replace: true})
	require.NoError(t, err)
	_, err = b.oracle.NewUpdate().Model(row).WherePK().Set("expires_at = now() - interval '1 hour'").Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.panel.dumps.Tidy(t.Context()))
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.NoError(t, os.Chtimes(filepath.Join(folder, *row.File), old, old))
	require.NoError(t, b.panel.dumps.Tidy(t.Context()))
	require.NoFileExists(t, filepath.Join(folder, *row.File))
	found, err := b.panel.dumps.FindDump(b.by(t), row.ID)
	require.NoError(t, err)
	require.Nil(t, found)
}

// A node that cannot announce itself when it starts does so as soon as it can:
// until then nobody reaches through another what lies on it.
func TestDumpNode_AnnouncesItselfLater(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	for _, sql := range []string{
		"CREATE SEQUENCE announcements",
		`CREATE FUNCTION refuse_the_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
			BEGIN IF nextval('announcements') = 1 THEN RAISE 'not now'; END IF; RETURN NEW; END $$`,
		"CREATE TRIGGER refuse_the_first BEFORE INSERT ON file_nodes FOR EACH ROW EXECUTE FUNCTION refuse_the_first()",
	} {
		_, err := b.oracle.ExecContext(t.Context(), sql)
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.panel.dumps.Run(ctx) }()
	require.Eventually(t, func() bool {
		ok, err := b.oracle.NewSelect().Model((*models.FileNode)(nil)).Where("fn.node = 'matrix'").Exists(t.Context())
		return err == nil && ok
	}, 30*time.Second, 10*time.Millisecond)
	stop()
	<-done
	var tries int
	require.NoError(t, b.oracle.NewRaw("SELECT last_value FROM announcements").Scan(t.Context(), &tries))
	require.Equal(t, 2, tries)
}
