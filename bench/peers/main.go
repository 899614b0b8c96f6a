// Command peers serves what the panel is measured against, on the panel's own
// tables: raw, which is Go written by hand for four operations and nothing else,
// and dataloaders, which is the panel's schema with gqlgen's executor, its
// transport and a dataloader below each list. It is a module of its own, so that
// the panel does not depend on what only they need.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, set up by the panel's own variables.
func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("say which one: raw or dataloaders")
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // the panel's own
	}
	var handler http.Handler
	var err error
	switch args[0] {
	case "raw":
		handler, err = newRaw(ctx, os.Getenv("MPANEL_DATABASE_URL"))
	case "dataloaders":
		handler, err = newDataloaders(ctx, os.Getenv("MPANEL_DATABASE_URL"), os.Getenv("MPANEL_SECRET_KEY"))
	default:
		err = fmt.Errorf("there is no %s", args[0])
	}
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /graphql", handler)
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", os.Getenv("MPANEL_LISTEN"))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return srv.Close()
	}
}
