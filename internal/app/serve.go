package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/tcp"
)

// Times of a stop. systemd and docker kill after 10 s at least; the clusters
// come last and need a part of that.
const (
	drainTime = 3 * time.Second
	stopTime  = 7 * time.Second // all of it; the clusters' last resort takes 2 s more
)

// announceAgain is the pause before the panel's database is asked again how to begin.
const announceAgain = 2 * time.Second

type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) (err error) {
	defer func() {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // asked to stop while it was starting
		}
	}()
	tuneMemory(env.Lookup, cgroupMemoryMax)
	// A busy port is found out before anything is started.
	lc := net.ListenConfig{}
	listener, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("the address %s is not free; choose another with MPANEL_LISTEN: %w", o.Listen, err)
	}
	defer func() { _ = listener.Close() }() // a second time after the server's own
	plain, err := listenPlain(ctx, o)
	if err != nil {
		return err
	}
	if plain != nil {
		defer func() { _ = plain.Close() }()
	}
	if o.BaseURL == "" {
		o.BaseURL = defaultBaseURL(o, listener.Addr())
	}
	s, err := openStores(ctx, o, log)
	if err != nil {
		return err
	}
	var asked atomic.Pointer[time.Time] // when the stop was asked for
	defer context.AfterFunc(ctx, func() { now := time.Now(); asked.Store(&now) })()
	defer func() {
		begun := time.Now()
		if at := asked.Load(); at != nil {
			begun = *at
		}
		stopping, cancel := context.WithDeadline(context.WithoutCancel(ctx), begun.Add(stopTime))
		defer cancel()
		err = errors.Join(err, s.close(stopping))
	}()
	if err := s.migrate(ctx, log); err != nil {
		return err
	}
	if note, err := s.unprotected(ctx); err != nil {
		return err
	} else if note != "" {
		log.WarnContext(ctx, "the audit is not protected from the panel itself", "why", note)
	}
	node, err := nodeID(o)
	if err != nil {
		return err
	}
	p, err := newPanel(ctx, s, o, engine.Config{Node: node, Probe: faultProbe()}, log)
	if err != nil {
		return err
	}
	defer p.close()
	source, err := openCertificates(s, o, log)
	if err != nil {
		return err
	}
	return p.serve(ctx, env, o, entrance{listener, plain, source}, log)
}

// An entrance is where clients come in.
type entrance struct {
	listener net.Listener
	plain    net.Listener  // of what is sent on to HTTPS; nil for none
	certs    *certs.Source // nil without TLS
}

// serve lets clients in, with TLS or without.
func (e entrance) serve(srv *http.Server) error {
	l := tcp.Listener(e.listener)
	if e.certs == nil {
		return srv.Serve(l)
	}
	srv.TLSConfig = e.certs.TLS()
	return srv.ServeTLS(l, "", "")
}

// serve runs the parts until ctx ends or one of them fails.
func (p *panel) serve(ctx context.Context, env Env, o config.Options, in entrance, log *slog.Logger) error {
	if e := p.stores.embedded; e != nil {
		if err := p.databases.RegisterEmbedded(ctx, e.tenantsAddress()); err != nil {
			return err
		}
	}
	if err := p.fleet.RegisterHost(ctx); err != nil {
		return err
	}
	// Requests and sockets end when the drain is over, not when ctx does.
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	srv := httpapi.NewServer(requests, p.api, log)
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error {
		if err := in.serve(srv); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	if in.plain != nil {
		parts.Go(func() error { return servePlain(ctx, in.certs, o, in.plain, log) })
	}
	if in.certs != nil {
		parts.Go(func() error { reloadOnHangUp(ctx, in.certs, log); return nil })
		go in.certs.Obtain(ctx) // it waits for an authority, and nobody waits for it
	}
	parts.Go(func() error { p.feed.Run(ctx); return nil })
	parts.Go(func() error { p.live.Follow(ctx); return nil })
	parts.Go(func() error { p.fleet.Run(ctx); return nil })
	parts.Go(func() error { p.fleet.Record(ctx); return nil })
	parts.Go(func() error { p.mails.sender.Run(ctx); return nil })
	parts.Go(func() error { p.auth.Run(ctx); return nil })
	parts.Go(func() error { p.keys.Follow(ctx); return nil })
	parts.Go(func() error { p.trail.Run(ctx); return nil })
	parts.Go(func() error { p.inbox.Run(ctx); return nil })
	sealing, stopSealing := context.WithCancel(context.WithoutCancel(ctx))
	sealed := make(chan struct{})
	go func() { defer close(sealed); p.sealer.Run(sealing) }()
	defer func() { stopSealing(); <-sealed }() // once nothing is written any more, as:
	refusing, stopRefusing := context.WithCancel(context.WithoutCancel(ctx))
	refused := make(chan struct{})
	go func() { defer close(refused); p.refusals.Run(refusing) }()
	defer func() { stopRefusing(); <-refused }()
	ready := make(chan struct{})
	parts.Go(func() error { return p.engine.Serve(ctx, func() { close(ready) }) })
	parts.Go(func() error {
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
		return p.work(ctx, env, o, in, log)
	})
	parts.Go(func() error {
		<-ctx.Done()
		p.api.SetStopping()
		draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		time.AfterFunc(drainTime/2, endRequests) // streams end themselves only then
		sockets := make(chan struct{})
		go func() {
			defer close(sockets)
			brief, cancel := context.WithTimeout(draining, drainTime/2)
			defer cancel()
			if err := p.live.Shutdown(brief); err != nil {
				log.WarnContext(ctx, "connections were broken off", "error", err)
			}
		}()
		defer func() { <-sockets }()
		if shut := srv.Shutdown(draining); shut != nil {
			endRequests()
			_ = srv.Close()
		}
		return nil
	})
	return parts.Wait()
}

// work does chores until ctx ends.
func (p *panel) work(ctx context.Context, env Env, o config.Options, in entrance, log *slog.Logger) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := p.chores.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	tidying, stopTidying := context.WithCancel(ctx)
	tidied := make(chan struct{})
	go func() { defer close(tidied); p.dumps.Run(tidying) }()
	defer func() { stopTidying(); <-tidied }()
	p.api.SetReady()
	_, _ = io.WriteString(env.Stdout, exposure(ctx, in.certs, o, in.listener.Addr()))
	p.announce(ctx, env, o, log)
	<-ctx.Done()
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	p.chores.Stop(draining)
	return nil
}

// announce prints where to open the panel, and at the first start how to begin. A
// database that just went away is waited for: the panel does what it can without it.
func (p *panel) announce(ctx context.Context, env Env, o config.Options, log *slog.Logger) {
	_, _ = fmt.Fprintf(env.Stdout, "MPanel is ready: %s (GraphQL at %s/graphql)\n", o.BaseURL, o.BaseURL)
	switch {
	case p.mails.mailbox != nil:
		_, _ = fmt.Fprintf(env.Stdout, "E-mails are not sent but shown, to this machine alone: %s/mailbox\n", o.BaseURL)
	case !p.mails.sends():
		log.WarnContext(ctx, "there is no SMTP server: e-mails wait; set MPANEL_SMTP_URL")
	}
	for {
		token, needed, err := p.auth.SetupToken(ctx)
		switch {
		case err == nil && needed: // after the #, so that no log of a proxy has it
			_, _ = fmt.Fprintf(env.Stdout, "Create the first administrator, once, at: %s/setup#%s\n", o.BaseURL, token.Reveal())
			return
		case err == nil, ctx.Err() != nil:
			return
		}
		log.WarnContext(ctx, "whether the panel is set up is not known yet", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(announceAgain):
		}
	}
}

// reachable is the address for people on the same machine.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func nodeID(o config.Options) (string, error) {
	host, err := os.Hostname()
	if err != nil && o.NodeID == "" {
		return "", fmt.Errorf("this machine has no host name; set MPANEL_NODE_ID: %w", err)
	}
	return cmp.Or(o.NodeID, host), nil
}
