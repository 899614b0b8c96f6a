package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/testkit"
)

// flood opens a socket from 127.0.0.n with a token. It gives 0 when it is open, and else the
// status or the code that it was refused with.
func (p *panel) flood(ctx context.Context, n byte, token string) (conn net.Conn, code int, err error) {
	conn, r, status, err := p.shake(ctx, n)
	if err != nil || status != http.StatusSwitchingProtocols {
		return conn, status, err
	}
	if _, err = io.WriteString(conn, masked(0x81, `{"type":"connection_init","payload":`+string(initPayload(token))+`}`)); err != nil {
		return conn, 0, err
	}
	head := make([]byte, 4)
	if _, err = io.ReadFull(r, head); err == nil && head[0] == 0x88 {
		code = int(binary.BigEndian.Uint16(head[2:]))
	}
	return conn, code, err
}

// Case 29: 5,000 sockets with one token, from eight addresses, with the limits that hold
// without any setting. Whose socket is closed keeps its end of the line.
func TestLive_Case29_AFloodOfSockets(t *testing.T) {
	const sockets, addresses = 5000, 8
	p := newPanel(t)
	server := p.addServer()
	a, other := p.addTenant("a", zeroCustomer, server), p.addTenant("other", zeroCustomer, server)
	undisturbed := p.meanwhile(t, other.token)
	connect := func() { require.NoError(t, p.open(t, other.token).Close()) }
	undisturbed("before the flood", connect)
	before, most := memory(), int64(0)

	var mu sync.Mutex
	answers := map[int]int{} // how often each was given
	var failed error
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	var floods sync.WaitGroup
	for n := range byte(addresses) {
		floods.Go(func() {
			for range sockets / addresses {
				conn, code, err := p.flood(t.Context(), 2+n, a.token)
				if code == http.StatusTooManyRequests {
					_ = conn.Close()
				}
				mu.Lock()
				answers[code]++
				failed = errors.Join(failed, err)
				if conn != nil {
					conns = append(conns, conn)
				}
				mu.Unlock()
			}
		})
	}
	over := make(chan struct{})
	go func() { floods.Wait(); close(over) }()
	for on := true; on; {
		undisturbed("the flood", connect)
		most = max(most, memory()-before)
		select {
		case <-over:
			on = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.NoError(t, failed)
	perUser := p.live.Limits().PerUser
	require.Equal(t, perUser, answers[0])
	require.Equal(t, sockets-perUser, answers[live.TooMany.Code]+answers[http.StatusTooManyRequests], "%v", answers)
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == perUser+1 }, soon, 10*time.Millisecond)
	undisturbed("the flood is over", connect)
	if !raceDetector { // which takes its own
		require.Less(t, most, int64(50<<20), "bytes of memory, with the test's ends")
		require.Less(t, memory()-before, int64(20<<20), "bytes of what is left")
	}
	testkit.Reportf(t, "case 29: %d sockets of one user from %d addresses: %v (0: open) by code; memory grew by at most %d MB, and %d are left", sockets, addresses, answers, most>>20, (memory()-before)>>20)
}
