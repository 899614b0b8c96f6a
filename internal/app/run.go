// Package app turns a configuration into running parts. It is the only package
// that knows the drivers; nothing imports it but main and the tests.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
)

// Version is set by the linker; "dev" otherwise.
var Version = "dev"

// Env is what a process has; tests give their own.
type Env struct {
	Args           []string
	Lookup         func(name string) (string, bool)
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

type commands struct {
	config.Options

	Serve   serveCommand   `cmd:"" default:"1" help:"Start the panel."`
	Migrate migrateCommand `cmd:"" help:"Bring the panel's tables to this version; serve does it too."`
	Admin   struct {
		Create            adminCreateCommand       `cmd:"" help:"Create an administrator."`
		ResetSecondFactor resetSecondFactorCommand `cmd:"" help:"Take authenticator app and recovery codes of a user away who has lost both, and end the user's sessions."`
	} `cmd:"" help:"Administrators."`
	Keys    keysCommand    `cmd:"" help:"The keys that stored secrets are encrypted under."`
	Audit   auditCommands  `cmd:"" help:"The audit."`
	Doctor  doctorCommand  `cmd:"" help:"Compare all servers with what is wished, and change nothing; fails when something is wrong."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// exited is thrown by kong's --help to leave Run.
type exited struct{ code int }

// Run carries out one command line. It returns when the command is done or ctx
// has ended and everything is stopped.
func Run(ctx context.Context, env Env) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exited)
			if !ok {
				panic(p)
			}
			if e.code != 0 {
				err = fmt.Errorf("exit status %d", e.code)
			}
		}
	}()
	cli, parsed, err := parse(env, kong.Exit(func(code int) { panic(exited{code}) }), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(env.Stderr, &slog.HandlerOptions{Level: cli.LogLevel}))
	if parsed.Command() == "serve" { // for long, and so without what has read the command line
		return cli.Serve.Run(ctx, env, cli.Options, log)
	}
	return parsed.Run(cli.Options, log)
}

// parse reads flags, variables and the file.
func parse(env Env, options ...kong.Option) (*commands, *kong.Context, error) {
	cli := &commands{}
	parser, err := kong.New(cli, append(options, kong.Name("mpanel"), kong.Description("A hosting control panel over one typed, live GraphQL graph."),
		kong.Writers(env.Stdout, env.Stderr), kong.Configuration(kong.JSON), kong.UsageOnError(), kong.Bind(env),
		kong.BindTo(variables(env.Lookup), (*kong.Resolver)(nil)), kong.Resolvers(variables(env.Lookup)))...)
	if err != nil {
		return nil, nil, fmt.Errorf("set up the command line: %w", err)
	}
	args := env.Args
	if file, ok := env.Lookup("MPANEL_CONFIG"); ok && file != "" {
		args = append([]string{"--config=" + file}, args...) // one given as a flag comes later and wins
	}
	parsed, err := parser.Parse(args)
	return cli, parsed, err
}

// variables resolves a flag such as --data-dir from MPANEL_DATA_DIR.
func variables(lookup func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := "MPANEL_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if v, ok := lookup(name); ok && v != "" && flag.Name != "help" {
			return v, nil
		}
		return nil, nil
	})
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(env Env) error {
	v := Version
	if info, ok := debug.ReadBuildInfo(); ok && v == "dev" {
		v += " (" + info.GoVersion + ")"
	}
	_, err := fmt.Fprintln(env.Stdout, "mpanel", v)
	return err
}

type migrateCommand struct{}

// Run migrates.
func (migrateCommand) Run(ctx context.Context, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error { return s.migrate(ctx, log) })
}

type adminCreateCommand struct {
	Email         string `required:"" help:"E-mail address to sign in with."`
	Name          string `help:"Full name; by default the address."`
	PasswordStdin bool   `required:"" help:"Read the password from standard input: 15 characters or more."`
}

// Run creates an administrator, also while the server runs.
func (c adminCreateCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	password, err := readPassword(env.Stdin)
	if err != nil {
		return err
	}
	return withStore(ctx, o, log, func(s *stores) error {
		if err := s.migrate(ctx, log); err != nil {
			return err
		}
		a, err := s.auth(ctx, o, auth.AccountConfig{}, nil, log)
		if err != nil {
			return err
		}
		name := c.Name
		if name == "" {
			name = c.Email
		}
		user, err := a.CreateAdmin(ctx, c.Email, name, password)
		if err != nil {
			return plain(err)
		}
		_, err = fmt.Fprintln(env.Stdout, "Administrator created:", user.Email)
		return err
	})
}

type resetSecondFactorCommand struct {
	Email string `required:"" help:"The user's e-mail address."`
}

// Run takes a second factor away, also while the server runs.
func (c resetSecondFactorCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error {
		if err := s.migrate(ctx, log); err != nil {
			return err
		}
		a, err := s.auth(ctx, o, auth.AccountConfig{}, nil, log)
		if err != nil {
			return err
		}
		user, err := a.ResetSecondFactor(ctx, c.Email)
		if err != nil {
			return plain(err)
		}
		_, err = fmt.Fprintln(env.Stdout, "The password alone signs in again:", user.Email)
		return err
	})
}

var errNoPassword = errors.New("no password on standard input")
