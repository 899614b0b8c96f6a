package natsbus

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxToken is how long a topic may be within a subject; a line of the NATS
// protocol, which has the subject and more, is 4 KiB at most.
const maxToken = 512

// subject is a topic's own NATS subject below a prefix. NATS has wildcards (*, >),
// divides by dots and ends at a space, so all but letters, digits, - and _ is
// escaped, dots that divide nothing included. No two topics have the same one.
func subject(prefix, topic string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(topic)+16)
	for i := range len(topic) {
		switch c := topic[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_',
			c == '.' && i > 0 && i < len(topic)-1 && topic[i-1] != '.':
			b = append(b, c)
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	switch {
	case len(b) == 0:
		b = append(b, '%')
	case len(b) > maxToken: // %h is no escape
		sum := sha256.Sum256([]byte(topic))
		b = append(b[:0], "%h"+hex.EncodeToString(sum[:])...)
	}
	return prefix + "." + string(b)
}

// kindOf is a topic's first part, by which the type of its messages is known.
func kindOf(topic string) string {
	kind, _, _ := strings.Cut(topic, ".")
	return kind
}
