package secret

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// A WrappedKey is a data key as it is stored: nobody reads it without the secret
// key that it is wrapped under.
type WrappedKey struct {
	ID      uint32
	KeyID   string // of the secret key
	Wrapped []byte
}

// A ring are the data keys that a Box knows. It is not changed.
type ring struct {
	keys    map[uint32]dataKey
	current uint32
}

type dataKey struct{ cipher.AEAD }

// dataKeyLen is AES-256.
const dataKeyLen = 32

// keyHeader is what values of a data key begin with, in bytes: the format and the
// key's id.
const keyHeader = 1 + 4

// Prefix is what every value begins with that the data key sealed, and no other.
func Prefix(id uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{sealedByKey}, id)
}

// KeyOf is the id of the data key that sealed a value; 0 when it was none.
func KeyOf(sealed []byte) uint32 {
	if len(sealed) < keyHeader || sealed[0] != sealedByKey {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:keyHeader])
}

// keyPlace binds a wrapped key to its row.
func keyPlace(id uint32) []byte { return fmt.Appendf(nil, "encryption_keys.wrapped/%d", id) }

// NewDataKey makes a data key of that id, which nobody else may give.
func (b *Box) NewDataKey(id uint32) WrappedKey {
	raw := make([]byte, dataKeyLen)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return b.roots[0].wrap(id, raw)
}

func (r *root) wrap(id uint32, raw []byte) WrappedKey {
	return WrappedKey{ID: id, KeyID: r.id, Wrapped: sealWith(r.wraps, []byte{sealedByRoot}, New(string(raw)), keyPlace(id))}
}

// Rewrap wraps a data key under the installation's secret key that is wrapped
// under one that is accepted beside it. Error: ErrSealed.
func (b *Box) Rewrap(k WrappedKey) (WrappedKey, error) {
	raw, err := b.unwrap(k)
	if err != nil {
		return WrappedKey{}, err
	}
	return b.roots[0].wrap(k.ID, raw), nil
}

func (b *Box) unwrap(k WrappedKey) ([]byte, error) {
	for _, r := range b.roots {
		if r.id != k.KeyID || len(k.Wrapped) == 0 || k.Wrapped[0] != sealedByRoot {
			continue
		}
		if raw, err := openWith(r.wraps, 1, k.Wrapped, keyPlace(k.ID)); err == nil && len(raw.Reveal()) == dataKeyLen {
			return []byte(raw.Reveal()), nil
		}
	}
	return nil, fmt.Errorf("data key %d is wrapped under secret key %s: %w", k.ID, k.KeyID, ErrSealed)
}

// UseKeys gives the Box its data keys in place of those that it had; the current
// one seals from now on. Error: ErrSealed when one of them cannot be unwrapped;
// the Box stays as it was then.
func (b *Box) UseKeys(keys []WrappedKey, current uint32) error {
	next := &ring{keys: make(map[uint32]dataKey, len(keys)), current: current}
	for _, k := range keys {
		raw, err := b.unwrap(k)
		if err != nil {
			return err
		}
		aead, err := newAEAD(raw)
		if err != nil {
			return err
		}
		next.keys[k.ID] = dataKey{aead}
	}
	if _, ok := next.keys[current]; !ok {
		return fmt.Errorf("data key %d is to be used and is not among those that there are", current)
	}
	b.ring.Store(next)
	return nil
}

// CurrentKey is the id of the data key that seals; 0 without data keys.
func (b *Box) CurrentKey() uint32 {
	if r := b.ring.Load(); r != nil {
		return r.current
	}
	return 0
}

// OnMissing has fn called when a value was sealed by a data key that the Box has
// not: another node may have made it a moment ago. fn gives it by UseKeys.
func (b *Box) OnMissing(fn func() error) { b.missing.Store(&fn) }

func (k dataKey) seal(id uint32, v Text, place string) []byte {
	header := Prefix(id)
	return sealWith(k, header, v, boundTo(header, place))
}

// boundTo is the data that is authenticated with a value: how and by which key it
// is sealed, and its place.
func boundTo(header []byte, place string) []byte {
	return append(header[:keyHeader:keyHeader], place...)
}

func (b *Box) openByKey(sealed []byte, place string) (Text, error) {
	if len(sealed) < keyHeader {
		return Text{}, ErrSealed
	}
	id := KeyOf(sealed)
	k, ok := b.dataKey(id)
	if !ok {
		fn := b.missing.Load()
		if fn == nil {
			return Text{}, ErrSealed
		}
		if err := (*fn)(); err != nil {
			return Text{}, fmt.Errorf("look for data key %d: %w", id, err)
		}
		if k, ok = b.dataKey(id); !ok {
			return Text{}, ErrSealed
		}
	}
	return openWith(k, keyHeader, sealed, boundTo(sealed, place))
}

func (b *Box) dataKey(id uint32) (dataKey, bool) {
	r := b.ring.Load()
	if r == nil {
		return dataKey{}, false
	}
	k, ok := r.keys[id]
	return k, ok
}
