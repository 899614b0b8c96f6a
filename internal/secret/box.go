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
)

// MinKeyLen is the least length of MPANEL_SECRET_KEY in bytes: 128 bits in hex.
const MinKeyLen = 32

// A Box encrypts what is stored, under keys derived from the installation's
// secret key. It is safe for concurrent use.
type Box struct {
	root []byte
	aead cipher.AEAD
}

// NewBox returns a Box for MPANEL_SECRET_KEY.
func NewBox(key Text) (*Box, error) {
	if n := len(key.Reveal()); n < MinKeyLen {
		return nil, fmt.Errorf("the secret key has %d characters; it needs at least %d random ones, for example from: openssl rand -hex 32", n, MinKeyLen)
	}
	b := &Box{root: []byte(key.Reveal())}
	block, err := aes.NewCipher(b.derive("stored values", 32))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	if b.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return b, nil
}

// Key derives a key for one purpose; purposes never share a key.
func (b *Box) Key(purpose string) []byte { return b.derive("key: "+purpose, 32) }

// Password derives a password for one purpose: the same on every node and
// after every restart, so that it need not be stored.
func (b *Box) Password(purpose string) Text {
	return New(hex.EncodeToString(b.derive("password: "+purpose, 24)))
}

func (b *Box) derive(purpose string, n int) []byte {
	key, err := hkdf.Key(sha256.New, b.root, nil, "mpanel/v1 "+purpose, n)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return key
}

// sealedV1 is the first byte of a sealed value; another format gets another byte.
const sealedV1 = 1

// ErrSealed says that a stored value does not belong to this key and place.
var ErrSealed = errors.New("secret: the stored value cannot be opened with this key at this place")

// Seal encrypts v for one place, such as "databases.verifier/<id>"; a value
// copied to another row or column does not open there.
func (b *Box) Seal(v Text, place string) []byte {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	out := append([]byte{sealedV1}, nonce...)
	return b.aead.Seal(out, nonce, []byte(v.Reveal()), []byte(place))
}

// Open decrypts what Seal made for the same place. Error: ErrSealed.
func (b *Box) Open(sealed []byte, place string) (Text, error) {
	n := 1 + b.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealedV1 {
		return Text{}, ErrSealed
	}
	v, err := b.aead.Open(nil, sealed[1:n], sealed[n:], []byte(place))
	if err != nil {
		return Text{}, ErrSealed
	}
	return New(string(v)), nil
}
