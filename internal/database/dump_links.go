package database

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// peerTTL is how long a URL between two nodes is good.
const peerTTL = time.Minute

// CreateDumpURL gives a URL at which a dump can be fetched once. Errors:
// fault.NotFound, fault.Conflict unless the dump is READY.
func (d *DumpService) CreateDumpURL(ctx context.Context, in DumpURLInput) (*DumpURLPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &DumpURLPayload{}
	err = idempotency.Once(ctx, d.s.db, "createDatabaseDumpUrl", in, func(ctx context.Context, tx store.Tx) (dumpRef, error) {
		row, err := lockDump(ctx, tx, who, in.ID, "id", "KEY SHARE OF dd")
		if err != nil {
			return dumpRef{}, err
		}
		if err := ready(ctx, tx, row, "id"); err != nil {
			return dumpRef{}, err
		}
		out.Dump = row
		if err := d.link(ctx, tx, who, &models.DatabaseDumpLink{DumpID: row.ID}, out); err != nil {
			return dumpRef{}, err
		}
		return d.showing(row, out), d.record(ctx, tx, "database_dump.link", row, ident.UserID{})
	}, func(ctx context.Context, tx store.Tx, r dumpRef) error { return d.replayLink(ctx, tx, who, r, out) })
	return out, err
}

// CreateUpload gives a URL to which a dump of a database can be sent once.
// Errors: fault.Invalid, fault.NotFound, fault.Conflict unless the database is
// ACTIVE or DEGRADED and has fewer than MaxDumps dumps.
func (d *DumpService) CreateUpload(ctx context.Context, in UploadInput) (*DumpURLPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out := &DumpURLPayload{}
	err = idempotency.Once(ctx, d.s.db, "createDatabaseUpload", in, func(ctx context.Context, tx store.Tx) (dumpRef, error) {
		db, err := lockForWrite(ctx, tx, who, in.DatabaseID)
		if err == nil {
			err = mustRun(db)
		}
		if err == nil {
			err = dumpsLeft(ctx, tx, db)
		}
		if err != nil {
			return dumpRef{}, inField(err, "databaseId")
		}
		row, err := newDump(ctx, tx, db, models.DumpUpload, UploadTTL)
		if err != nil {
			return dumpRef{}, err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return dumpRef{}, store.Wrap(err, "insert dump %s", row.ID)
		}
		out.Dump = row
		link := &models.DatabaseDumpLink{DumpID: row.ID, Upload: true, MaxBytes: MaxUploadBytes}
		if in.SizeBytes != nil {
			link.MaxBytes = *in.SizeBytes
		}
		if err := d.link(ctx, tx, who, link, out); err != nil {
			return dumpRef{}, err
		}
		return d.showing(row, out), d.record(ctx, tx, "database_dump.link", row, ident.UserID{})
	}, func(ctx context.Context, tx store.Tx, r dumpRef) error { return d.replayLink(ctx, tx, who, r, out) })
	return out, err
}

// inField names the input's field in a fault about a database.
func inField(err error, field string) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Field == "id" {
		named := *f
		named.Field = field
		return &named
	}
	return err
}

// link makes a one-time URL. Only the hash of its token is kept.
func (d *DumpService) link(ctx context.Context, tx store.Tx, who *actor.Actor, link *models.DatabaseDumpLink, out *DumpURLPayload) error {
	now, err := store.Now(ctx, tx)
	if err != nil {
		return err
	}
	token := make([]byte, 32)
	_, _ = rand.Read(token) // never fails since Go 1.24
	text := base64.RawURLEncoding.EncodeToString(token)
	until := now.Add(LinkTTL).Truncate(time.Second)
	link.TokenHash, link.UserID, link.ExpiresAt = hashed(text), who.User, until
	tx.Queue(tx.NewInsert().Model(link), func(err error) error { return store.Wrap(err, "insert link to dump %s", link.DumpID) })
	address := d.baseURL + "/files/" + text
	out.URL, out.ExpiresAt = &address, &until
	return nil
}

func hashed(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

// A Download is what a one-time URL gives. Close Body, and say with Done
// whether all of it was sent.
type Download struct {
	Name      string // for the client to keep it under
	SizeBytes int64  // of the whole file
	SHA256    []byte
	Body      io.ReadCloser // from where it was asked for
	Done      func(ctx context.Context, whole bool)
}

// Download claims a one-time URL, or goes on with a download of the same client
// that broke off: from is the first byte wanted. Client tells clients apart.
// Errors: fault.NotFound for a token that is unknown, used or expired;
// fault.Unavailable when the file's node does not answer.
func (d *DumpService) Download(ctx context.Context, token, client string, from int64) (*Download, error) {
	var row *models.DatabaseDump
	err := store.InTx(ctx, d.s.db, func(ctx context.Context, tx store.Tx) error {
		link, err := claim(ctx, tx, token, client, false)
		if link == nil && err == nil && from > 0 {
			link, err = resume(ctx, tx, token, client)
		}
		if err != nil {
			return err
		}
		if link == nil {
			return notValid()
		}
		row = new(models.DatabaseDump)
		//allow:tenant the link's signature and row are the permission
		if err := tx.NewSelect().Model(row).Where("dd.id = ?", link.DumpID).Scan(ctx); err != nil {
			return store.Wrap(err, "read dump %s", link.DumpID)
		}
		if err := ready(ctx, tx, row, ""); err != nil {
			return err
		}
		return d.record(ctx, tx, "database_dump.download", row, link.UserID)
	})
	if err != nil {
		return nil, err
	}
	if from >= max(*row.SizeBytes, 1) {
		return nil, fault.Invalid.New("", "The file has %d bytes.", *row.SizeBytes)
	}
	body, err := d.openAt(ctx, row, from)
	if err != nil {
		return nil, err
	}
	return &Download{Name: fileName(row), SizeBytes: *row.SizeBytes, SHA256: row.SHA256, Body: body, Done: func(ctx context.Context, whole bool) {
		d.sent(ctx, token, whole)
	}}, nil
}

func notValid() error {
	return fault.NotFound.New("", "This link is not valid any more: it was used, or has expired. Ask the panel for a new one.")
}

// claim takes a link for good; nil when there is none to take.
func claim(ctx context.Context, tx store.Tx, token, client string, upload bool) (*models.DatabaseDumpLink, error) {
	var links []*models.DatabaseDumpLink
	err := tx.NewUpdate().Model((*models.DatabaseDumpLink)(nil)).Set("claimed_at = now(), client = ?", hashed(client)).
		Set("resume_until = CASE WHEN upload THEN NULL ELSE now() + interval '1 day' END").
		Where("token_hash = ?", hashed(token)).Where("upload = ?", upload).Where("claimed_at IS NULL").Where("expires_at > now()").
		Returning("*").Scan(ctx, &links)
	if err != nil || len(links) == 0 {
		return nil, store.Wrap(err, "claim a link")
	}
	return links[0], nil
}

func resume(ctx context.Context, tx store.Tx, token, client string) (*models.DatabaseDumpLink, error) {
	var links []*models.DatabaseDumpLink
	err := tx.NewUpdate().Model((*models.DatabaseDumpLink)(nil)).Set("resumed = resumed + 1").
		Where("token_hash = ?", hashed(token)).Where("NOT upload").Where("client = ?", hashed(client)).
		Where("resume_until > now()").Where("resumed < ?", maxResumes).Returning("*").Scan(ctx, &links)
	if err != nil || len(links) == 0 {
		return nil, store.Wrap(err, "go on with a link")
	}
	return links[0], nil
}

// sent leaves a link open for a while: bytes that were sent may be lost on the way.
func (d *DumpService) sent(ctx context.Context, token string, whole bool) {
	ttl := ResumeTTL
	if whole {
		ttl = lostTTL
	}
	_, err := d.s.db.NewUpdate().Model((*models.DatabaseDumpLink)(nil)).Where("token_hash = ?", hashed(token)).
		Set("resume_until = least(resume_until, now() + ? * interval '1 second')", ttl.Seconds()).Exec(ctx)
	if err != nil {
		d.log.WarnContext(ctx, "end of a download not noted", "error", err)
	}
}

func fileName(row *models.DatabaseDump) string {
	name := "database-" + row.CreatedAt.UTC().Format("20060102-150405")
	switch {
	case row.Format == nil:
		return name + ".dump"
	case *row.Format == models.DumpPlain:
		return name + ".sql"
	case *row.Format == models.DumpPlainGzip:
		return name + ".sql.gz"
	}
	return name + ".dump"
}

// Upload takes the bytes for a one-time URL; length is what the client said, -1
// for nothing, and sum the SHA-256 that it wants to see, nil for none. Errors:
// fault.NotFound for a token that is unknown, used or expired; fault.Invalid for
// what is too large, shorter than it was said or has another sum;
// fault.Unavailable without room.
func (d *DumpService) Upload(ctx context.Context, token, client string, length int64, sum []byte, body io.Reader) (got []byte, err error) {
	var link *models.DatabaseDumpLink
	row := new(models.DatabaseDump)
	err = store.InTx(ctx, d.s.db, func(ctx context.Context, tx store.Tx) (err error) {
		if link, err = claim(ctx, tx, token, client, true); err != nil {
			return err
		}
		if link == nil {
			return notValid()
		}
		//allow:tenant the link's signature and row are the permission
		if err := tx.NewSelect().Model(row).Where("dd.id = ?", link.DumpID).Scan(ctx); err != nil {
			return store.Wrap(err, "read dump %s", link.DumpID)
		}
		return d.record(ctx, tx, "database_dump.upload", row, link.UserID)
	})
	if err != nil {
		return nil, err
	}
	got, err = d.receive(ctx, row, link.MaxBytes, length, sum, body)
	if err == nil {
		return got, nil
	}
	ctx = context.WithoutCancel(ctx) // the client may be gone
	d.files.remove(row.ID)
	_, noteErr := d.s.db.NewUpdate().Model(row).WherePK().Set("state = ?, file = NULL, node = NULL", models.DumpFailed).Exec(ctx)
	return nil, errors.Join(err, store.Wrap(noteErr, "note the end of an upload"))
}

func (d *DumpService) receive(ctx context.Context, row *models.DatabaseDump, limit, length int64, sum []byte, body io.Reader) ([]byte, error) {
	tooLarge := fault.Invalid.New("", "This upload may have %d bytes at most.", limit)
	if length > limit {
		return nil, tooLarge
	}
	out, err := d.files.create(row.ID, limit)
	if err != nil {
		return nil, err
	}
	defer out.drop()
	if err := room(out.file, max(length, 0)); err != nil {
		return nil, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{body}, make([]byte, 256<<10))
	switch {
	case errors.Is(err, errTooLarge):
		return nil, tooLarge
	case err != nil:
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.Invalid.Wrap(err, "", "The upload broke off after %d bytes.", n)
	case length >= 0 && n != length:
		return nil, fault.Invalid.New("", "The upload broke off after %d bytes.", n)
	case n == 0:
		return nil, fault.Invalid.New("", "The upload is empty.")
	case sum != nil && !hmac.Equal(sum, out.sum()):
		return nil, fault.Invalid.New("", "The upload does not have the checksum that was announced.")
	}
	if err := out.keep(); err != nil {
		return nil, err
	}
	return out.sum(), d.keep(ctx, d.s.db, row, out, nil)
}

// keep notes a complete file; an upload is READY with it.
func (d *DumpService) keep(ctx context.Context, db bun.IDB, row *models.DatabaseDump, out *draft, raw *int64) error {
	q := db.NewUpdate().Model(row).WherePK().Set("node = ?, file = ?, size_bytes = ?, sha256 = ?, raw_bytes = ?", d.node, out.name, out.size, out.sum(), raw).
		Where("state = ?", models.DumpPending).Returning("*")
	if row.Origin == models.DumpUpload {
		q = q.Set("state = ?", models.DumpReady)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return store.Wrap(err, "note the file of dump %s", row.ID)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fault.Conflict.Permanent("", "The dump was removed meanwhile.")
	}
	return nil
}

// openAt opens the file of a dump, from a byte on, wherever it lies.
func (d *DumpService) openAt(ctx context.Context, row *models.DatabaseDump, from int64) (io.ReadCloser, error) {
	if row.Node == nil || row.File == nil {
		return nil, fault.NotFound.Permanent("", "This dump has no file.")
	}
	if *row.Node != d.node {
		return d.fetch(ctx, row, from)
	}
	file, err := d.files.read(*row.File)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("seek in dump file: %w", err), file.Close())
	}
	return file, nil
}

// fetch reads from the node that has the file, over a URL that only nodes can sign.
func (d *DumpService) fetch(ctx context.Context, row *models.DatabaseDump, from int64) (io.ReadCloser, error) {
	var nodes []*models.FileNode
	if err := d.s.db.NewSelect().Model(&nodes).Where("fn.node = ?", *row.Node).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "find node %s", *row.Node)
	}
	if len(nodes) == 0 || nodes[0].URL == nil {
		return nil, fault.Unavailable.New("", "The dump lies on node %s of the panel, which this node cannot reach: set MPANEL_ADVERTISE_URL there.", *row.Node)
	}
	now, err := store.Now(ctx, d.s.db)
	if err != nil {
		return nil, err
	}
	expires := now.Add(peerTTL).Unix()
	q := url.Values{"dump": {row.ID.Opaque()}, "from": {strconv.FormatInt(from, 10)}, "expires": {strconv.FormatInt(expires, 10)}}
	q.Set("signature", signature(d.peers[0], q))
	body, err := d.get(ctx, *nodes[0].URL+"/files/peer/"+row.ID.Opaque()+"?"+q.Encode())
	if err != nil {
		return nil, fault.Unavailable.Wrap(err, "", "The dump lies on node %s of the panel, which does not answer.", *row.Node)
	}
	return body, nil
}

// signed tells whether a node signed the query.
func (d *DumpService) signed(q url.Values) bool {
	for _, key := range d.peers {
		if hmac.Equal([]byte(q.Get("signature")), []byte(signature(key, q))) {
			return true
		}
	}
	return false
}

func signature(key []byte, q url.Values) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%q %q %q", q.Get("dump"), q.Get("from"), q.Get("expires")) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Peer gives another node the file of a dump that lies here. Errors:
// fault.NotFound for anything but a fresh URL that a node signed.
func (d *DumpService) Peer(ctx context.Context, q url.Values) (*Download, error) {
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	from, fromErr := strconv.ParseInt(q.Get("from"), 10, 64)
	if err != nil || fromErr != nil || from < 0 || !d.signed(q) {
		return nil, notValid()
	}
	now, err := store.Now(ctx, d.s.db)
	if err != nil {
		return nil, err
	}
	if now.Unix() > expires {
		return nil, notValid()
	}
	row := new(models.DatabaseDump)
	id := ident.ParseDatabaseDumpID(q.Get("dump"))
	//allow:tenant another node asks, and proves it with the panel's key
	if err := d.s.db.NewSelect().Model(row).Where("dd.id = ?", id).Where("dd.node = ?", d.node).Where("dd.file IS NOT NULL").Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read dump %s", id)
	}
	body, err := d.openAt(ctx, row, from)
	if err != nil {
		return nil, err
	}
	return &Download{Name: fileName(row), SizeBytes: *row.SizeBytes, SHA256: row.SHA256, Body: body, Done: func(context.Context, bool) {}}, nil
}
