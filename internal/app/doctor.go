package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

type doctorCommand struct {
	JSON bool `help:"Print one JSON document instead of lines."`
}

// A complaint is one thing that is not as it should be.
type complaint struct {
	Where  string `json:"where"` // a server's name, "jobs", "nats", "keys" or "tls"
	What   string `json:"what"`  // such as MISSING ROLE c1_shop
	Detail string `json:"detail"`
}

// Run examines everything, also while the server runs, and changes nothing. It
// fails when there is anything to complain of.
func (c doctorCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error {
		p, err := newPanel(ctx, s, o, engine.Config{Node: "doctor"}, log)
		if err != nil {
			return err
		}
		defer p.close()
		all, err := p.complaints(ctx)
		if err != nil {
			return err
		}
		all = append(all, certificateComplaints(ctx, s, o, time.Now(), log)...)
		note, err := s.unprotected(ctx)
		if err != nil {
			return err
		}
		if err := report(env.Stdout, all, note, c.JSON); err != nil {
			return err
		}
		if len(all) > 0 {
			return fmt.Errorf("%d complaints", len(all))
		}
		return nil
	})
}

func (p *panel) complaints(ctx context.Context) ([]complaint, error) {
	all := append([]complaint{}, p.bus.complaints(ctx)...)
	mails, err := p.mailComplaints(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, mails...)
	old, err := p.keyComplaints(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, old...)
	servers, err := p.databases.Examine(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range servers {
		say := func(what, format string, args ...any) {
			all = append(all, complaint{e.Server.Name, what, fmt.Sprintf(format, args...)})
		}
		if e.Err != nil {
			say("UNAVAILABLE", "%v", plain(e.Err))
		}
		if m := e.Server.Maintenance; m != nil {
			say("MAINTENANCE", "%s", m.Reason)
		}
		if e.Server.DriftBrake == models.BrakeOn {
			say("BRAKE", "Too much differs at once, so that repairs rest; releaseDriftBrake lets them go on.")
		}
		for _, problem := range e.Server.Problems {
			say("PROBLEM", "%s", problem)
		}
		for _, f := range e.Findings {
			say(fmt.Sprintf("%s %s %s", f.Kind, f.ObjectKind, f.ExternalName), "%s", f.Detail)
		}
	}
	var stuck []*models.Job
	err = p.stores.db.NewSelect().Model(&stuck).Where("j.state IN (?)", bun.List([]models.JobState{models.JobStuck})).Order("j.created_at").Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "read jobs that are stuck")
	}
	for _, j := range stuck {
		why := ""
		if j.WaitingFor != nil {
			why = *j.WaitingFor
		}
		all = append(all, complaint{"jobs", "STUCK " + j.Kind + " " + j.ID.Opaque(), why})
	}
	return all, nil
}

// report prints complaints, and what is worth knowing and no complaint.
func report(w io.Writer, all []complaint, note string, asJSON bool) error {
	if asJSON {
		notes := []string{}
		if note != "" {
			notes = append(notes, note)
		}
		return json.NewEncoder(w).Encode(map[string]any{"complaints": all, "notes": notes})
	}
	if note != "" {
		if _, err := fmt.Fprintln(w, "Note: "+note); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "Everything is as it should be.")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", c.Where, c.What, c.Detail)
	}
	return table.Flush()
}
