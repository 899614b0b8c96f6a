// Package natsd runs real NATS servers for tests: the server's own code, in this
// process, at a TCP port. It is apart from testkit so that only the tests that
// need one are linked with it.
package natsd

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/mpanel/mpanel/internal/secret"
)

// A Server is one NATS server. Its port stays the same when it is started again.
type Server struct {
	t       testing.TB
	options server.Options
	running *server.Server
}

// Start returns a server that is there until the test is over, unless Stop is
// called. change may set options of its own.
func Start(t testing.TB, change ...func(*server.Options)) *Server {
	t.Helper()
	s := &Server{t: t, options: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}}
	for _, f := range change {
		f(&s.options)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start starts it again.
func (s *Server) Start() {
	s.t.Helper()
	o := s.options // the server changes what it is given
	running, err := server.NewServer(&o)
	if err != nil {
		s.t.Fatalf("set up a NATS server: %v", err)
	}
	go running.Start()
	if !running.ReadyForConnections(10 * time.Second) {
		s.t.Fatal("the NATS server is not ready")
	}
	addr, ok := running.Addr().(*net.TCPAddr)
	if !ok {
		s.t.Fatalf("the NATS server listens at %v", running.Addr())
	}
	s.options.Port, s.running = addr.Port, running
}

// Stop ends it and all its connections.
func (s *Server) Stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

// Address is where it listens, as host and port.
func (s *Server) Address() string {
	return net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
}

// URL is for clients.
func (s *Server) URL() secret.Text { return URL(s.Address()) }

// URL is for clients that reach a server at another address.
func URL(address string) secret.Text { return secret.New(fmt.Sprintf("nats://%s", address)) }

// Now is the server that runs, for what it knows of its clients.
func (s *Server) Now() *server.Server { return s.running }
