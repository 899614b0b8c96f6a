//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const (
	dumpFields      = `id state format sizeBytes sha256`
	exportMutation  = `mutation ($in: ExportDatabaseInput!) { exportDatabase(input: $in) { dump { ` + dumpFields + ` } job { ` + jobFields + ` } } }`
	importMutation  = `mutation ($in: ImportDatabaseInput!) { importDatabase(input: $in) ` + deletePayload + ` }`
	cloneMutation   = `mutation ($in: CloneDatabaseInput!) { cloneDatabase(input: $in) ` + createPayload + ` }`
	dumpURLMutation = `mutation ($in: CreateDatabaseDumpUrlInput!) { createDatabaseDumpUrl(input: $in) { url } }`
	uploadMutation  = `mutation ($in: CreateDatabaseUploadInput!) { createDatabaseUpload(input: $in) { url dump { ` + dumpFields + ` } } }`
	dropMutation    = `mutation ($in: DeleteDatabaseDumpInput!) { deleteDatabaseDump(input: $in) { dump { id } } }`
	cancelMutation  = `mutation ($in: CancelJobInput!) { cancelJob(input: $in) { job { id } } }`
)

// A dump is a file that must be there.
type dump struct {
	ID, State         string
	Format, SizeBytes *string
	SHA256            *string

	of      string // the database
	content string // fingerprint of the database when it was written
	file    []byte // as it was fetched; nil before
}

var someFormats = []string{"PLAIN", "PLAIN_GZIP", "CUSTOM"}

// mostDumps of one database are kept.
const mostDumps = 2

// canceled lets somebody change their mind about one order in four.
func (k *torture) canceled(p *provision) {
	if k.rand.IntN(4) == 0 {
		p.cancelAfter, p.may = time.Duration(1+k.rand.IntN(1500))*time.Millisecond, []string{"SUCCEEDED", "CANCELED"}
	}
}

func dumpActions() []*action {
	return []*action{
		{
			name: "export", often: 3, fits: open,
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				p.mutation, p.input = exportMutation, vars{"id": l.id, "format": someFormats[k.rand.IntN(len(someFormats))]}
				k.canceled(p)
			},
			settle: func(t *testing.T, k *torture, p *provision, l *live) {
				if p.over.State != "SUCCEEDED" {
					return // judgeDumps looks for what is left
				}
				d := *p.answered.Dump
				d.of, d.content = l.id, l.content[0]
				k.dumps[d.ID] = &d
				k.write(t, l) // so that the two differ from now on
				k.thin(t, l)
			},
		},
		{
			name: "import", often: 2,
			fits: func(k *torture, l *live) bool { return open(k, l) && k.someDump() != nil },
			order: func(t *testing.T, k *torture, p *provision, l *live) {
				d := k.someDump()
				p.chosen[d.of] = true // it goes with its database
				replace := k.rand.IntN(3) > 0
				if !replace {
					k.empty(t, l)
				}
				p.mutation, p.input, p.dump = importMutation, vars{"id": l.id, "dumpId": d.ID, "replace": replace}, d
				k.canceled(p)
			},
			settle: func(_ *testing.T, _ *torture, p *provision, l *live) {
				switch {
				case p.over.State == "SUCCEEDED":
					l.content = []string{p.dump.content}
				case p.input["replace"] == true: // canceled, perhaps too late for what was there
					l.content = append(l.content, p.dump.content)
				}
			},
		},
		{
			name: "import of half a dump",
			fits: func(k *torture, l *live) bool { return open(k, l) && k.someFile() != nil },
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				file := k.someFile().file
				p.mutation, p.input = importMutation, vars{"id": l.id, "replace": true}
				p.upload, p.may = file[:len(file)/2+k.rand.IntN(len(file)/3)], []string{"FAILED"}
			},
			before: upload,
			settle: func(t *testing.T, k *torture, p *provision, _ *live) {
				if p.over.Error == nil || p.over.Error.Code != "INVALID" {
					k.violatef("import: half a dump was refused with %+v", p.over.Error)
				}
				data[struct{}](t, k.admin.do(t, dropMutation, vars{"in": vars{"id": p.input["dumpId"]}}))
			},
		},
		{
			name: "clone", often: 3,
			fits: func(k *torture, l *live) bool { return open(k, l) && len(k.live) < mostLive },
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				p.mutation, p.input = cloneMutation, vars{"id": l.id, "name": k.newName()}
				p.customer = l.customer
				k.canceled(p)
			},
			settle: func(t *testing.T, k *torture, p *provision, l *live) {
				if p.over.State != "SUCCEEDED" {
					k.discard(t, p)
					return
				}
				k.born(t, p).content = slices.Clone(l.content)
			},
		},
		{
			name: "clone to a taken name",
			fits: open,
			order: func(t *testing.T, k *torture, p *provision, l *live) {
				name := k.newName()
				p.mutation, p.input, p.may = cloneMutation, vars{"id": l.id, "name": name}, []string{"FAILED"}
				p.foreign = strings.TrimSuffix(l.externalName, l.name) + name
				k.onTenants(t, "postgres", "CREATE ROLE "+pgx.Identifier{p.foreign}.Sanitize())
			},
			settle: func(t *testing.T, k *torture, p *provision, _ *live) {
				if p.over.Error == nil || p.over.Error.Code != "CONFLICT" {
					k.violatef("clone: a taken name was refused with %+v", p.over.Error)
				}
				k.onTenants(t, "postgres", "DROP ROLE "+pgx.Identifier{p.foreign}.Sanitize())
				k.discard(t, p)
			},
		},
	}
}

// discard removes the row of what could not be made; nothing else is left of it.
func (k *torture) discard(t *testing.T, p *provision) {
	t.Helper()
	id := p.answered.Database.ID
	if d := k.admin.database(t, id); d == nil || d.State != "FAILED" {
		k.violatef("a clone that ended %s is %+v", p.over.State, d)
		return
	}
	require.Nil(t, k.admin.deleteDatabase(t, id, 0).Job, "nothing of it is on a server")
}

// someDump draws one whose database nothing else is ordered of; nil without any.
func (k *torture) someDump() *dump { return k.drawDump(func(*dump) bool { return true }) }

// someFile draws one that was fetched.
func (k *torture) someFile() *dump {
	return k.drawDump(func(d *dump) bool { return len(d.file) > 100 })
}

func (k *torture) drawDump(good func(*dump) bool) *dump {
	var fit []*dump
	for _, id := range slices.Sorted(maps.Keys(k.dumps)) {
		if d := k.dumps[id]; good(d) && !k.chosen[d.of] && !k.away[d.ID] {
			fit = append(fit, d)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[k.rand.IntN(len(fit))]
}

// thin removes the oldest dumps of a database with too many.
func (k *torture) thin(t *testing.T, l *live) {
	t.Helper()
	var own []string
	for _, id := range slices.Sorted(maps.Keys(k.dumps)) {
		if k.dumps[id].of == l.id {
			own = append(own, id)
		}
	}
	for _, id := range own[:max(0, len(own)-mostDumps)] {
		data[struct{}](t, k.admin.do(t, dropMutation, vars{"in": vars{"id": id}}))
		delete(k.dumps, id)
	}
}

// upload sends what is to be imported, to the node that stays: with a node that
// is gone its files are, and who imports one waits for it. A broken one is begun anew.
func upload(ctx context.Context, k *torture, _ *client, p *provision) error {
	out, err := try[struct {
		CreateDatabaseUpload struct {
			URL  string
			Dump dump
		}
	}](k.admin.send(ctx, nil, uploadMutation, vars{"in": vars{"databaseId": p.id}}))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, out.CreateDatabaseUpload.URL, bytes.NewReader(p.upload))
	if err != nil {
		return err
	}
	if _, err := fetch(req); err != nil {
		return err
	}
	p.input["dumpId"] = out.CreateDatabaseUpload.Dump.ID
	return nil
}

// fetch gives the whole body of a good answer.
func fetch(req *http.Request) ([]byte, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", req.Method, req.URL, res.Status, body)
	}
	return body, err
}

// download fetches a dump and compares it with what the graph says of it.
func (k *torture) download(t *testing.T, id string) ([]byte, error) {
	t.Helper()
	told, err := try[struct{ DatabaseDump *dump }](k.admin.send(t.Context(), nil,
		`query ($id: ID!) { databaseDump(id: $id) { `+dumpFields+` } }`, vars{"id": id}))
	if err != nil {
		return nil, err
	}
	d := told.DatabaseDump
	if d == nil || d.State != "READY" || d.SHA256 == nil || d.SizeBytes == nil {
		return nil, fmt.Errorf("the graph says %+v", d)
	}
	link, err := try[struct{ CreateDatabaseDumpURL struct{ URL string } }](k.admin.send(t.Context(), nil, dumpURLMutation, vars{"in": vars{"id": id}}))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link.CreateDatabaseDumpURL.URL, nil)
	require.NoError(t, err)
	file, err := fetch(req)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != *d.SHA256 || fmt.Sprint(len(file)) != *d.SizeBytes {
		return nil, fmt.Errorf("%d bytes came with the sum %x instead of %s with %s", len(file), sum, *d.SizeBytes, *d.SHA256)
	}
	return file, nil
}
