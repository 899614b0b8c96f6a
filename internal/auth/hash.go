package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// maxHashWait is how long a password waits for its turn.
const maxHashWait = 5 * time.Second

// cost is what one argon2id hash takes. A stored hash carries its own.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// currentCost is OWASP's first choice for argon2id.
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
var currentCost = cost{memory: 19 * 1024, passes: 2, threads: 1}

// maxCost bounds what a stored hash can ask for, so that a row from elsewhere
// cannot eat the memory of the panel.
var maxCost = cost{memory: 128 * 1024, passes: 8, threads: 4}

// Lengths in bytes: those of new hashes, and the bounds for stored ones.
const (
	saltLen, minSaltLen, maxSaltLen = 16, 8, 64
	keyLen, minKeyLen, maxKeyLen    = 32, 16, 64
)

// A Hasher hashes and verifies passwords, a bounded number at the same time:
// unbounded, a burst of sign-ins would take all processors and 19 MiB each. It
// is safe for concurrent use.
type Hasher struct {
	slots  chan struct{}
	cost   cost
	derive func(password, salt []byte, passes, memory uint32, threads uint8, keyLen uint32) []byte
}

// NewHasher returns a Hasher that does at most concurrency hashes at the same time.
func NewHasher(concurrency int) *Hasher {
	return &Hasher{slots: make(chan struct{}, max(1, concurrency)), cost: currentCost, derive: argon2.IDKey}
}

// Hash returns the PHC string to store for a password. Errors: fault.RateLimited
// after five seconds without a free slot; ctx's own.
func (h *Hasher) Hash(ctx context.Context, password secret.Text) (string, error) {
	p := phc{cost: h.cost, salt: make([]byte, saltLen)}
	_, _ = rand.Read(p.salt) // never fails since Go 1.24
	key, err := h.key(ctx, password, p, keyLen)
	if err != nil {
		return "", err
	}
	p.key = key
	return p.String(), nil
}

// Verify tells whether the password belongs to the stored PHC string, and
// whether that was made at a lower cost than Hash would use now. Errors:
// ErrHash for a string that Hash never made; as Hash.
func (h *Hasher) Verify(ctx context.Context, stored string, password secret.Text) (ok, outdated bool, err error) {
	p, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	key, err := h.key(ctx, password, p, uint32(len(p.key))) // #nosec G115 -- parsePHC bounds it
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(key, p.key) == 1
	return ok, p.memory < h.cost.memory || p.passes < h.cost.passes || len(p.key) < keyLen, nil
}

// dummy is a stored hash that no password is known for and that takes as much
// work to verify as any new one: for users that do not exist.
func (h *Hasher) dummy() string {
	p := phc{cost: h.cost, salt: make([]byte, saltLen), key: make([]byte, keyLen)}
	_, _ = rand.Read(p.salt)
	_, _ = rand.Read(p.key)
	return p.String()
}

func (h *Hasher) key(ctx context.Context, password secret.Text, p phc, n uint32) ([]byte, error) {
	timer := time.NewTimer(maxHashWait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-timer.C:
		return nil, fault.RateLimited.New("", "Too many people are signing in right now; try again in a few seconds.")
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	if err := ctx.Err(); err != nil { // select does not prefer a case
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return h.derive([]byte(password.Reveal()), p.salt, p.passes, p.memory, p.threads, n), nil
}

// ErrHash says that a stored string is no password hash, or asks for more work
// than any hash of ours. It does not quote the string.
var ErrHash = errors.New("auth: the stored password hash is malformed or out of bounds")

// phc is a hash in the PHC string format.
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
type phc struct {
	cost
	salt, key []byte
}

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

func parsePHC(s string) (phc, error) {
	part := strings.Split(s, "$")
	if len(s) > 256 || len(part) != 6 {
		return phc{}, ErrHash
	}
	var p phc
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return phc{}, ErrHash
	}
	var saltErr, keyErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(part[4])
	p.key, keyErr = base64.RawStdEncoding.DecodeString(part[5])
	if saltErr != nil || keyErr != nil || !p.bounded() || p.String() != s { // one spelling only
		return phc{}, ErrHash
	}
	return p, nil
}

func (p phc) bounded() bool {
	return between(p.memory, 8*uint32(p.threads), maxCost.memory) && between(p.passes, 1, maxCost.passes) &&
		between(p.threads, 1, maxCost.threads) && between(len(p.salt), minSaltLen, maxSaltLen) &&
		between(len(p.key), minKeyLen, maxKeyLen)
}

func between[N int | uint8 | uint32](n, least, most N) bool { return least <= n && n <= most }
