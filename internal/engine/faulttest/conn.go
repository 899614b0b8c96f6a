package faulttest

import (
	"bytes"
	"context"
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
		return &conn{Conn: c, acks: a}, nil
	}
}

type conn struct {
	net.Conn
	acks    *Acks
	dropped atomic.Bool
}

// Write passes everything on, and after an armed commit waits for the server's
// answer and throws it away: the commit has happened, and nobody is told.
func (c *conn) Write(b []byte) (int, error) {
	if c.dropped.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := c.Conn.Write(b)
	if err == nil && bytes.Contains(bytes.ToLower(b), []byte("commit")) && c.acks.armed.CompareAndSwap(true, false) {
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

func (c *conn) Read(b []byte) (int, error) {
	if c.dropped.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return c.Conn.Read(b)
}
