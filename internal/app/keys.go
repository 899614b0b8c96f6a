package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/secret"
)

type keysCommand struct {
	Rotate keysRotateCommand `cmd:"" help:"Encrypt all that is stored encrypted anew, under a new data key, also while servers run. With MPANEL_OLD_SECRET_KEY or MPANEL_NEW_SECRET_KEY beside MPANEL_SECRET_KEY it ends what the older one opens."`
	List   keysListCommand   `cmd:"" help:"List the data keys and how many values are under each."`
}

type keysRotateCommand struct {
	RenewSecretKey bool `help:"Make a new secret key in the data dir first. Only for the embedded default, while it is stopped: the passwords of its clusters follow from the key."`
}

// Run rotates. What was broken off is gone on with.
func (c keysRotateCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	if c.RenewSecretKey {
		if err := renewStopped(ctx, o); err != nil {
			return err
		}
	}
	if !o.NewSecretKey.IsZero() { // everything is to be under it
		if o.SecretKey.IsZero() {
			return errors.New("MPANEL_NEW_SECRET_KEY needs MPANEL_SECRET_KEY, the one of now, beside it")
		}
		o.SecretKey, o.NewSecretKey = o.NewSecretKey, o.SecretKey
	}
	err := withStore(ctx, o, log, func(s *stores) error {
		if err := s.migrate(ctx, log); err != nil {
			return err
		}
		if err := rotate(ctx, s.keys, env.Stdout); err != nil {
			return err
		}
		return tellAuditKeys(s.box, env.Stdout)
	})
	if err != nil || !c.RenewSecretKey {
		return err
	}
	if err := dropOldKey(o.DataDir); err != nil {
		return fmt.Errorf("remove the secret key of before, under which nothing is any more: %w", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "The new secret key is in %s: keep a copy apart.\n", filepath.Join(o.DataDir, keyFile))
	return err
}

func rotate(ctx context.Context, ring *keys.Ring, out io.Writer) error {
	wrapped, err := ring.Rewrap(ctx)
	if err != nil {
		return err
	}
	if wrapped > 0 {
		_, _ = fmt.Fprintf(out, "%d data keys are wrapped under the new secret key now.\n", wrapped)
	}
	last := time.Now()
	report, err := ring.Rotate(ctx, func(moved int) {
		if time.Since(last) > time.Second {
			last = time.Now()
			_, _ = fmt.Fprintf(out, "%d values moved\n", moved)
		}
	})
	if err != nil {
		return err
	}
	what := "A new data key was made"
	if report.Continued {
		what = "An earlier rotation was gone on with"
	}
	_, err = fmt.Fprintf(out, "%s; %d values were moved, all are under data key %d now. Keys before it are removed %s after this by a server that runs.\n",
		what, report.Moved, report.Key, keys.KeepRetired)
	return err
}

// tellAuditKeys prints what the audit's checkpoints of before the change of the secret
// key are checked with: after it nobody can derive that any more.
func tellAuditKeys(box *secret.Box, out io.Writer) error {
	for _, before := range seal.PublicKeys(box)[1:] {
		_, err := fmt.Fprintf(out, "Keep the public key of the audit's checkpoints of before, for audit verify --public-key: %s\n", encodePublicKey(before))
		if err != nil {
			return err
		}
	}
	return nil
}

// renewStopped makes a new key unless somebody is at work with the one of now.
func renewStopped(ctx context.Context, o config.Options) error {
	if !o.DatabaseURL.IsZero() || !o.SecretKey.IsZero() {
		return errors.New("this installation is given its secret key by MPANEL_SECRET_KEY: give a new one there, and the one of before as MPANEL_OLD_SECRET_KEY")
	}
	s, err := attachEmbedded(ctx, o)
	if err != nil {
		return err
	}
	if s != nil {
		return errors.Join(errors.New("the panel is running; stop it first, since the passwords of its clusters follow from the secret key"), s.close(ctx))
	}
	return renewKey(o.DataDir)
}

type keysListCommand struct{}

// Run lists the keys.
func (keysListCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error {
		ring, err := s.ring(ctx, log)
		if err != nil {
			return err
		}
		all, err := ring.Status(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "KEY\tVALUES\tMADE\tSECRET KEY\tSTATE")
		for _, k := range all {
			state, made := "before", k.CreatedAt.UTC().Format(time.RFC3339)
			switch {
			case k.ID == 0:
				state, made = "no data key", ""
			case k.Current:
				state = "current"
			case k.RetiredAt != nil:
				state = "retired"
			}
			_, _ = fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\n", k.ID, k.Values, made, k.SecretKeyID, state)
		}
		return table.Flush()
	})
}

// keyComplaints are what doctor has to say of the keys.
func (p *panel) keyComplaints(ctx context.Context) ([]complaint, error) {
	all, err := p.keys.Status(ctx)
	if err != nil {
		return nil, err
	}
	var found []complaint
	for _, k := range all {
		switch {
		case k.ID == 0:
			found = append(found, complaint{"keys", "NO DATA KEY", fmt.Sprintf("%d values are under the secret key itself; `mpanel keys rotate` moves them.", k.Values)})
			continue
		case !k.Current && k.Values > 0:
			found = append(found, complaint{"keys", fmt.Sprintf("OLD KEY %d", k.ID), fmt.Sprintf("%d values are under a data key of before; `mpanel keys rotate` moves them.", k.Values)})
		}
		if k.SecretKeyID != p.stores.box.KeyID() {
			found = append(found, complaint{"keys", "OLD SECRET KEY", fmt.Sprintf("Data key %d is not under MPANEL_SECRET_KEY but under another that is accepted beside it; `mpanel keys rotate` ends that.", k.ID)})
		}
	}
	return found, nil
}
