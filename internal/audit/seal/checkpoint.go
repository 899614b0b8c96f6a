package seal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// checkpointEvery is how often a node writes down how far the chain is, when it is
// further than before.
const checkpointEvery = 30 * time.Second

// A Checkpoint says that the chain had come to a seal, and what its hash was. It is
// of use where nobody who changes the database can change it, too.
type Checkpoint struct {
	At           time.Time `json:"at"`
	Installation string    `json:"installation"`
	Node         string    `json:"node"`
	Seal         int64     `json:"seal"`
	Entries      int64     `json:"entries"`
	Hash         string    `json:"hash"`      // hexadecimal
	Key          string    `json:"key"`       // which one signed it
	Signature    string    `json:"signature"` // Ed25519, base64
}

// signed is what the signature is of.
func (c Checkpoint) signed() []byte {
	return fmt.Appendf(nil, "mpanel audit checkpoint v1\n%s\n%q\n%q\n%d\n%d\n%s", c.At.UTC().Format(time.RFC3339Nano), c.Installation, c.Node, c.Seal, c.Entries, c.Hash)
}

// LogValue lets a line of the log be a checkpoint, too.
func (c Checkpoint) LogValue() slog.Value {
	return slog.GroupValue(slog.Time("at", c.At), slog.String("installation", c.Installation), slog.String("node", c.Node), slog.Int64("seal", c.Seal),
		slog.Int64("entries", c.Entries), slog.String("hash", c.Hash), slog.String("key", c.Key), slog.String("signature", c.Signature))
}

// A Key signs checkpoints.
type Key struct{ private ed25519.PrivateKey }

// NewKey derives the key of an installation, the same on every node.
func NewKey(box *secret.Box) Key {
	return Key{ed25519.NewKeyFromSeed(box.Key("audit checkpoints"))}
}

// PublicKeys are those of this node's key and, while the secret key is changed, of the
// other one.
func PublicKeys(box *secret.Box) (all []ed25519.PublicKey) {
	for _, seed := range box.Keys("audit checkpoints") {
		all = append(all, Key{ed25519.NewKeyFromSeed(seed)}.Public())
	}
	return all
}

// Public is the key with which anybody can check what was signed.
func (k Key) Public() ed25519.PublicKey {
	return k.private.Public().(ed25519.PublicKey) //nolint:forcetypeassert // it is
}

// KeyID names a public key.
func KeyID(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:8])
}

func (k Key) sign(c *Checkpoint) {
	c.Key = KeyID(k.Public())
	c.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, c.signed()))
}

// verifies tells whether one of the keys has signed the checkpoint; known is whether
// it is one of them that it names.
func (c Checkpoint) verifies(keys []ed25519.PublicKey) (known, ok bool) {
	signature, err := base64.StdEncoding.DecodeString(c.Signature)
	for _, k := range keys {
		if KeyID(k) == c.Key {
			return true, err == nil && ed25519.Verify(k, c.signed(), signature)
		}
	}
	return false, false
}

// A Writer writes a node's checkpoints.
type Writer struct {
	DB           *store.DB
	Installation string
	Node         string
	Key          Key
	File         string // only ever appended to; its folder is made
	Log          *slog.Logger

	last head // that was written; its zero value before the first
}

// Write appends a checkpoint to the file, and to the log, if the chain is further than
// at the last one. It tells the log when the chain is not the one of which the last
// checkpoint was.
func (w *Writer) Write(ctx context.Context) error {
	var now, then head
	err := pgx.BeginTxFunc(ctx, w.DB.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if now, err = lastHead(ctx, tx); err != nil || w.last.Seq == 0 {
			return err
		}
		then, err = scanHead(tx.QueryRow(ctx, "SELECT "+headColumns+" FROM audit_seals WHERE seq = $1", w.last.Seq))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return store.Wrap(err, "read the newest seal")
	}
	if then != w.last {
		w.Log.ErrorContext(ctx, "the audit is not what was signed; run: mpanel audit verify", "seal", w.last.Seq)
	}
	if now == w.last || now.Seq == 0 {
		return nil
	}
	c := Checkpoint{
		At: time.Now().UTC(), Installation: w.Installation, Node: w.Node, Seal: now.Seq, Entries: now.Entries, Hash: hex.EncodeToString(now.Hash[:]),
	}
	w.Key.sign(&c)
	w.Log.InfoContext(ctx, "audit checkpoint", "checkpoint", c) // which is one, too, where the file cannot be written
	if err := appendLine(w.File, c); err != nil {
		return fmt.Errorf("append to %s: %w", w.File, err)
	}
	w.last = now
	return nil
}

// appendLine adds a line that is on the disk when it returns. What a process that died
// has left half written gets a line of its own.
func appendLine(path string, c Checkpoint) (err error) {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600) // #nosec G304 -- the operator's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size > 0 {
		var end [1]byte
		if _, err := file.ReadAt(end[:], size-1); err != nil {
			return err
		}
		if end[0] != '\n' {
			line = append([]byte("\n"), line...)
		}
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// CheckpointFile is the file of a node's checkpoints in a data dir.
func CheckpointFile(dataDir, node string) string {
	return filepath.Join(dataDir, "audit", "checkpoints-"+url.PathEscape(node)+".jsonl")
}

// CheckpointFiles are the files of all nodes' checkpoints in a data dir.
func CheckpointFiles(dataDir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dataDir, "audit", "checkpoints-*.jsonl"))
}

// ReadCheckpoints reads a file of checkpoints, or a log with their lines in it. Broken
// is how many lines are neither; one that was being written when a process died is.
func ReadCheckpoints(path string) (list []Checkpoint, broken int, err error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names it
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, fmt.Errorf("there is no file %s", path)
		}
		return nil, 0, err
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var line struct {
			Checkpoint

			Logged *Checkpoint `json:"checkpoint"`
			Level  string      `json:"level"`
		}
		switch err := json.Unmarshal(lines.Bytes(), &line); {
		case err != nil:
			broken++
		case line.Logged != nil:
			list = append(list, *line.Logged)
		case line.Level != "": // of the log, about something else
		case line.Signature == "":
			broken++
		default:
			list = append(list, line.Checkpoint)
		}
	}
	return list, broken, lines.Err()
}
