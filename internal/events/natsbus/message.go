package natsbus

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// A Kind says how messages of topics that begin alike go over the wire.
type Kind struct {
	encode func(message any) ([]byte, error)
	decode func(topic string, body []byte) (any, error)
}

var errOtherType = errors.New("the message is of another type than its topic")

// KindOf is the Kind of messages that are a T and go over the wire as the JSON of
// a W. from makes a message of what came for a topic; it refuses, with false, what
// cannot be one of it.
func KindOf[T, W any](to func(T) W, from func(topic string, w W) (T, bool)) Kind {
	return Kind{
		encode: func(message any) ([]byte, error) {
			m, ok := message.(T)
			if !ok {
				return nil, errOtherType
			}
			return json.Marshal(to(m))
		},
		decode: func(topic string, body []byte) (any, error) {
			var w W
			if err := json.Unmarshal(body, &w); err != nil {
				return nil, fmt.Errorf("decode a message: %w", err)
			}
			m, ok := from(topic, w)
			if !ok {
				return nil, errOtherType
			}
			return m, nil
		},
	}
}

// sealedV1 is the first byte of a message; another format gets another byte.
const sealedV1 = 1

// maxMessage is the largest message that goes from node to node, in bytes.
const maxMessage = 64 << 10

// A seal keeps messages from everybody who can reach NATS and has not the panel's
// key: they can neither be read nor made, nor be moved to another subject.
type seal struct {
	aead     cipher.AEAD
	accepted []cipher.AEAD // aead, and those of other keys
}

func newSeal(key []byte, accepted ...[]byte) (seal, error) {
	var s seal
	for _, k := range append([][]byte{key}, accepted...) {
		// Its nonce is long enough to be random for as many messages as there will be.
		aead, err := chacha20poly1305.NewX(k)
		if err != nil {
			return seal{}, fmt.Errorf("make cipher: %w", err)
		}
		s.accepted = append(s.accepted, aead)
	}
	s.aead = s.accepted[0]
	return s, nil
}

func (s seal) close(subject string, body []byte) []byte {
	n := 1 + s.aead.NonceSize()
	out := make([]byte, n, n+len(body)+s.aead.Overhead())
	out[0] = sealedV1
	_, _ = rand.Read(out[1:])                                // never fails since Go 1.24
	return s.aead.Seal(out, out[1:n], body, []byte(subject)) // #nosec G407 -- the nonce is random
}

var errSealed = errors.New("the message was not sealed with this key for this subject")

func (s seal) open(subject string, sealed []byte) ([]byte, error) {
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n || len(sealed) > maxMessage || sealed[0] != sealedV1 {
		return nil, errSealed
	}
	for _, aead := range s.accepted {
		if body, err := aead.Open(nil, sealed[1:n], sealed[n:], []byte(subject)); err == nil {
			return body, nil
		}
	}
	return nil, errSealed
}
