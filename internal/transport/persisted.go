package transport

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/mpanel/mpanel/internal/fault"
)

// persistedBytes bounds the documents that clients had kept. Each takes more than its
// text: the hash, and its place in the store.
const (
	persistedBytes = 4 << 20
	persistedEach  = 256
)

// documentID is the extension in which a request's member documentId is kept, as
// the appendix on persisted documents of GraphQL over HTTP has it.
const documentID = "documentId"

// notPersisted is what clients of automatic persisted queries wait for, to the
// letter: they send the whole document then.
const notPersisted = "PersistedQueryNotFound"

// Documents are operations that are known by the SHA-256 of their text: those of a
// list that was made with an app, and those that clients had kept.
type Documents struct {
	trusted map[string]string
	only    bool

	mu    sync.Mutex
	kept  *lru.LRU[string, string]
	bytes int
}

// NewDocuments takes lists of trusted documents: JSON objects of texts by their hash
// in hexadecimal digits, as Apollo's and Relay's compilers write them. An empty one
// has none. With only, nothing else is executed.
func NewDocuments(only bool, lists ...[]byte) (*Documents, error) {
	d := &Documents{trusted: map[string]string{}, only: only}
	for _, list := range lists {
		if len(list) == 0 {
			continue
		}
		if err := json.Unmarshal(list, &d.trusted); err != nil { // adds to what is there
			return nil, fmt.Errorf("read trusted documents: %w", err)
		}
	}
	for hash, text := range d.trusted {
		if hashOf(text) != hash {
			return nil, fmt.Errorf("trusted document %.64q: its text has another SHA-256", hash)
		}
	}
	if only && len(d.trusted) == 0 {
		return nil, fmt.Errorf("only trusted documents are to be executed, and none is listed")
	}
	d.kept, _ = lru.NewLRU(persistedBytes/persistedEach, func(_, text string) { d.bytes -= persistedEach + len(text) }) // which fails for sizes below 1 only
	return d, nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// find puts the document that a request names by its hash into its place. What it
// returns is kept if the document turns out to be good; "" when there is nothing to
// keep.
func (d *Documents) find(p *graphql.RawParams) (keep string, err error) {
	hash, automatic, err := named(p.Extensions)
	if err != nil {
		return "", err
	}
	if p.Query != "" && hash != "" && hashOf(p.Query) != hash {
		return "", fault.Invalid.New("", "The document has another SHA-256 than the request says.")
	}
	text := d.trusted[hash]
	if text == "" && d.only && p.Query != "" {
		text = d.trusted[hashOf(p.Query)]
	}
	switch {
	case text != "":
		p.Query = text
		return "", nil
	case d.only:
		return "", fault.Forbidden.New("", "Only documents of the server's list are executed.")
	case p.Query != "" && automatic:
		return hash, nil
	case p.Query != "" || hash == "":
		return "", nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Query, _ = d.kept.Get(hash); p.Query == "" {
		return "", fault.NotFound.New("", notPersisted)
	}
	return "", nil
}

// named reads which document a request names; automatic when it is to be kept.
func named(extensions map[string]any) (hash string, automatic bool, err error) {
	if id, ok := extensions[documentID].(string); ok {
		hash, ok = strings.CutPrefix(id, "sha256:")
		if !ok || !isHash(hash) {
			return "", false, fault.Invalid.New("", "A documentId is sha256: and 64 hexadecimal digits.")
		}
		return hash, false, nil
	}
	q, ok := extensions["persistedQuery"]
	if !ok {
		return "", false, nil
	}
	fields, _ := q.(map[string]any)
	hash, _ = fields["sha256Hash"].(string)
	if fmt.Sprint(fields["version"]) != "1" || !isHash(hash) {
		return "", false, fault.Invalid.New("", "A persistedQuery has version 1 and a sha256Hash of 64 hexadecimal digits.")
	}
	return hash, true, nil
}

func isHash(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// keep remembers a document that is good.
func (d *Documents) keep(hash, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept.Contains(hash) {
		return
	}
	d.kept.Add(hash, text)
	for d.bytes += persistedEach + len(text); d.bytes > persistedBytes; {
		d.kept.RemoveOldest()
	}
}
