package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// MinKeyLen is the least length of MPANEL_SECRET_KEY in bytes: 128 bits in hex.
const MinKeyLen = 32

// A Box encrypts what is stored, and derives what need not be stored. Values are
// encrypted under data keys, of which the newest one seals; data keys are stored
// wrapped under the installation's secret key. Until it was given data keys, a Box
// encrypts under the secret key itself. It is safe for concurrent use.
type Box struct {
	roots   []*root // the installation's secret key, and then others that are accepted
	ring    atomic.Pointer[ring]
	missing atomic.Pointer[func() error]
}

// A root is one secret key and what is derived of it.
type root struct {
	key    []byte
	id     string
	values cipher.AEAD // of values that no data key has
	wraps  cipher.AEAD // of data keys
}

// NewBox returns a Box for MPANEL_SECRET_KEY. Others are accepted beside it, while
// an installation changes from one key to another: what was made with them opens.
func NewBox(key Text, accepted ...Text) (*Box, error) {
	b := &Box{}
	for i, k := range append([]Text{key}, accepted...) {
		if i > 0 && (k.IsZero() || k == key) {
			continue
		}
		if n := len(k.Reveal()); n < MinKeyLen {
			return nil, fmt.Errorf("the secret key has %d characters; it needs at least %d random ones, for example from: openssl rand -hex 32", n, MinKeyLen)
		}
		r, err := newRoot([]byte(k.Reveal()))
		if err != nil {
			return nil, err
		}
		b.roots = append(b.roots, r)
	}
	return b, nil
}

func newRoot(key []byte) (*root, error) {
	r := &root{key: key}
	r.id = hex.EncodeToString(r.derive("id of the secret key", 8))
	var err error
	if r.values, err = newAEAD(r.derive("stored values", 32)); err != nil {
		return nil, err
	}
	r.wraps, err = newAEAD(r.derive("data keys", 32))
	return r, err
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return aead, nil
}

// KeyID names the installation's secret key without telling anything of it.
func (b *Box) KeyID() string { return b.roots[0].id }

// Accepts tells whether a secret key is the installation's or accepted beside it.
func (b *Box) Accepts(keyID string) bool {
	return slices.ContainsFunc(b.roots, func(r *root) bool { return r.id == keyID })
}

// Key derives a key for one purpose; purposes never share a key.
func (b *Box) Key(purpose string) []byte { return b.roots[0].purpose(purpose) }

// Keys are Key, and then those of the secret keys that are accepted beside the
// installation's: what is checked is checked against all of them.
func (b *Box) Keys(purpose string) [][]byte {
	keys := make([][]byte, len(b.roots))
	for i, r := range b.roots {
		keys[i] = r.purpose(purpose)
	}
	return keys
}

// Password derives a password for one purpose: the same on every node and
// after every restart, so that it need not be stored.
func (b *Box) Password(purpose string) Text { return b.roots[0].password(purpose) }

// Passwords are Password, and then those of the secret keys that are accepted
// beside the installation's.
func (b *Box) Passwords(purpose string) []Text {
	all := make([]Text, len(b.roots))
	for i, r := range b.roots {
		all[i] = r.password(purpose)
	}
	return all
}

func (r *root) purpose(purpose string) []byte { return r.derive("key: "+purpose, 32) }

func (r *root) password(purpose string) Text {
	return New(hex.EncodeToString(r.derive("password: "+purpose, 24)))
}

func (r *root) derive(purpose string, n int) []byte { return derive(r.key, purpose, n) }

func derive(key []byte, purpose string, n int) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, "mpanel/v1 "+purpose, n)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return out
}

// The first byte of what is sealed says how.
const (
	sealedByRoot = 1 // nonce, ciphertext; under a secret key itself
	sealedByKey  = 2 // id of the data key in 4 bytes, nonce, ciphertext
)

// ErrSealed says that a stored value does not belong to this key and place.
var ErrSealed = errors.New("secret: the stored value cannot be opened with this key at this place")

// Seal encrypts v for one place, such as "databases.verifier/<id>"; a value
// copied to another row or column does not open there.
func (b *Box) Seal(v Text, place string) []byte {
	if r := b.ring.Load(); r != nil {
		return r.keys[r.current].seal(r.current, v, place)
	}
	return sealWith(b.roots[0].values, []byte{sealedByRoot}, v, []byte(place))
}

// Open decrypts what Seal made for the same place. Error: ErrSealed.
func (b *Box) Open(sealed []byte, place string) (Text, error) {
	if len(sealed) == 0 {
		return Text{}, ErrSealed
	}
	switch sealed[0] {
	case sealedByKey:
		return b.openByKey(sealed, place)
	case sealedByRoot:
		for _, r := range b.roots {
			if v, err := openWith(r.values, 1, sealed, []byte(place)); err == nil {
				return v, nil
			}
		}
	}
	return Text{}, ErrSealed
}

// SealFor encrypts v so that it takes the holder's secret to open it, beside this
// Box: who has one of the two has nothing.
func (b *Box) SealFor(holder, v Text, place string) []byte {
	return sealWith(b.roots[0].answers(holder), []byte{sealedByRoot}, v, []byte(place))
}

// OpenFor decrypts what SealFor made for the same holder and place. Error: ErrSealed.
func (b *Box) OpenFor(holder Text, sealed []byte, place string) (Text, error) {
	if len(sealed) == 0 || sealed[0] != sealedByRoot {
		return Text{}, ErrSealed
	}
	for _, r := range b.roots {
		if v, err := openWith(r.answers(holder), 1, sealed, []byte(place)); err == nil {
			return v, nil
		}
	}
	return Text{}, ErrSealed
}

// answers is the cipher of what a holder's secret opens as well.
func (r *root) answers(holder Text) cipher.AEAD {
	// The first part has a fixed length, so that no two pairs are one input.
	both := append(r.derive("sealed for a holder", 32), holder.Reveal()...)
	aead, err := newAEAD(derive(both, "sealed for a holder", 32))
	if err != nil {
		panic(err) // only for a length that AES has not
	}
	return aead
}

// sealWith puts the header first; it is authenticated with the place.
func sealWith(aead cipher.AEAD, header []byte, v Text, data []byte) []byte {
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	return aead.Seal(append(slices.Clone(header), nonce...), nonce, []byte(v.Reveal()), data)
}

func openWith(aead cipher.AEAD, header int, sealed, data []byte) (Text, error) {
	n := header + aead.NonceSize()
	if len(sealed) < n {
		return Text{}, ErrSealed
	}
	v, err := aead.Open(nil, sealed[header:n], sealed[n:], data)
	if err != nil {
		return Text{}, ErrSealed
	}
	return New(string(v)), nil
}
