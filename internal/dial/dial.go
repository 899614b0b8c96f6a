// Package dial connects to databases. A network may swallow everything without telling
// either end; such a connection ends here after a quarter of a minute, and not after
// the quarter of an hour for which TCP sends anew.
package dial

import (
	"context"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Times after which the other end counts as gone: of a connection on which nothing is
// under way, which is asked every few seconds, and of one whose bytes are not
// acknowledged.
const (
	probeEvery     = 5 * time.Second
	probes         = 2
	unacknowledged = 15 * time.Second
)

var dialer = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: probeEvery, Interval: probeEvery, Count: probes},
	ControlContext: func(_ context.Context, network, _ string, raw syscall.RawConn) (err error) {
		if network == "unix" {
			return nil
		}
		if failed := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacknowledged.Milliseconds()))
		}); failed != nil {
			return failed
		}
		return err
	},
}

// Database is for pgx: a DialFunc. Errors are net's.
func Database(ctx context.Context, network, address string) (net.Conn, error) {
	return dialer.DialContext(ctx, network, address)
}
