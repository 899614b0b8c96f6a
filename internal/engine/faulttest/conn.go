package faulttest

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Acks lets commits of a pool happen and their answers be lost, when armed.
type Acks struct {
	armed atomic.Bool
	lost  atomic.Int64
}

// Arm makes the next commit's answer be lost.
func (a *Acks) Arm() { a.armed.Store(true) }

// Disarm takes back an Arm that nothing came of.
func (a *Acks) Disarm() { a.armed.Store(false) }

// Lost is how many answers were lost.
func (a *Acks) Lost() int { return int(a.lost.Load()) }

// Configure puts the fault between a pool and its server.
func (a *Acks) Configure(cfg *pgxpool.Config) {
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, acks: a, journal: map[string]bool{}}, nil
	}
}

type conn struct {
	net.Conn
	acks    *Acks
	dropped atomic.Bool
	journal map[string]bool // the prepared statements that are a commit of the journal by themselves, by name
}

// Write passes everything on, and after an armed commit waits for the server's
// answer and throws it away: the commit has happened, and nobody is told.
func (c *conn) Write(b []byte) (int, error) {
	if c.dropped.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := c.Conn.Write(b)
	if err == nil && c.commits(b) && c.acks.armed.CompareAndSwap(true, false) {
		// pgx may be reading already, and have it; then there is nothing to wait for.
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		answer := make([]byte, 4096)
		if _, err := c.Conn.Read(answer); err == nil {
			c.acks.lost.Add(1)
		}
		c.dropped.Store(true)
		_ = c.Close()
	}
	return n, err
}

// commits tells whether the messages to the server end a transaction.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func (c *conn) commits(b []byte) bool {
	const header = 5 // a letter and the length, its own four bytes included
	for len(b) >= header && b[0] != 0 {
		size := int(binary.BigEndian.Uint32(b[1:])) + 1
		if size < header || size > len(b) {
			return false
		}
		body := b[header:size]
		switch b[0] {
		case 'Q':
			if bytes.EqualFold(bytes.TrimRight(body, "; \x00"), []byte("commit")) {
				return true
			}
		case 'P':
			name, sql, _ := bytes.Cut(body, []byte{0})
			c.journal[string(name)] = bytes.Contains(sql, []byte("UPDATE jobs")) && bytes.Contains(sql, []byte("INTO job_events"))
		case 'B':
			_, rest, _ := bytes.Cut(body, []byte{0})
			if name, _, _ := bytes.Cut(rest, []byte{0}); c.journal[string(name)] {
				return true
			}
		}
		b = b[size:]
	}
	return false
}

func (c *conn) Read(b []byte) (int, error) {
	if c.dropped.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return c.Conn.Read(b)
}
