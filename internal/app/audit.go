package app

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/store"
)

// newSealer seals the audit from this node.
func newSealer(s *stores, o config.Options, installation, node string, b events.Bus, log *slog.Logger) *seal.Sealer {
	return seal.NewSealer(seal.Config{DB: s.db, Bus: b, Log: log, Checkpoints: &seal.Writer{
		DB: s.db, Installation: installation, Node: node, Key: seal.NewKey(s.box), File: seal.CheckpointFile(o.DataDir, node), Log: log,
	}})
}

type auditCommands struct {
	Verify auditVerifyCommand `cmd:"" help:"Read the whole audit and tell of every entry that is not as it was written; fails when there is one."`
	Key    auditKeyCommand    `cmd:"" help:"Print the public key with which checkpoints are checked."`
}

type auditVerifyCommand struct {
	Checkpoints []string `help:"Files of checkpoints, or logs with them; by default those in the data dir. Keep them where nobody who changes the database can change them." placeholder:"FILE" sep:"none"`
	PublicKey   []string `help:"Public keys that signed checkpoints, as audit key prints them; by default the one of the secret key." placeholder:"KEY"`
	JSON        bool     `help:"Print one JSON document instead of lines."`
}

// Run verifies, also while the server runs, and changes nothing.
func (c auditVerifyCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error {
		anchors, broken, err := c.anchors(ctx, s, o)
		if err != nil {
			return err
		}
		report, err := seal.Verify(ctx, s.db, anchors)
		if err != nil {
			return err
		}
		report.Unknown += broken
		if err := printAudit(env.Stdout, report, c.JSON); err != nil {
			return err
		}
		if report.Found > 0 {
			return fmt.Errorf("the audit is not as it was written: %d problems", report.Found)
		}
		return nil
	})
}

// anchors are the checkpoints and the keys to them. broken is how many lines are none.
func (c auditVerifyCommand) anchors(ctx context.Context, s *stores, o config.Options) (a seal.Anchors, broken int, err error) {
	id, err := s.installation(ctx)
	if err != nil {
		return a, 0, err
	}
	a.Installation = id.String()
	for _, text := range c.PublicKey {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return a, 0, fmt.Errorf("%q is not a public key; mpanel audit key prints one", text)
		}
		a.Keys = append(a.Keys, key)
	}
	if len(a.Keys) == 0 {
		a.Keys = seal.PublicKeys(s.box)
	}
	files := c.Checkpoints
	if len(files) == 0 {
		if files, err = seal.CheckpointFiles(o.DataDir); err != nil {
			return a, 0, err
		}
	}
	for _, file := range files {
		list, bad, err := seal.ReadCheckpoints(file)
		if err != nil {
			return a, 0, fmt.Errorf("read checkpoints: %w", err)
		}
		a.Checkpoints = append(a.Checkpoints, list...)
		broken += bad
	}
	return a, broken, nil
}

func printAudit(w io.Writer, r *seal.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range r.Problems {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", p.What, p.Entry, p.Detail)
	}
	if more := r.Found - len(r.Problems); more > 0 {
		_, _ = fmt.Fprintf(table, "and %d more\n", more)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d entries in %d seals; %d not sealed yet; %d checkpoints agree, %d could not be checked; %d problems.\n",
		r.Entries, r.Seals, r.Pending, r.Checkpoints, r.Unknown, r.Found)
	if err == nil && r.Checkpoints == 0 {
		_, err = fmt.Fprintln(w, "Note: without a checkpoint nobody can tell whether the end was cut off or all of it was written anew.")
	}
	return err
}

type auditKeyCommand struct{}

// Run prints the key.
func (auditKeyCommand) Run(ctx context.Context, env Env, o config.Options, log *slog.Logger) error {
	return withStore(ctx, o, log, func(s *stores) error {
		_, err := fmt.Fprintln(env.Stdout, encodePublicKey(seal.NewKey(s.box).Public()))
		return err
	})
}

// encodePublicKey writes a key as --public-key takes it.
func encodePublicKey(k ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(k) }

// auditExports gives the audit to the routes.
type auditExports struct {
	trail    *trail.Service
	refusals *audit.Refusals
}

func (a auditExports) Export(ctx context.Context, query url.Values) (*httpapi.AuditExport, error) {
	e, err := a.export(ctx, query)
	if code := fault.CodeOf(err); code == fault.Forbidden || code == fault.Unauthenticated {
		a.refusals.Record(ctx, audit.Refusal{Action: "http.exportAudit", Code: string(code)})
	}
	if err != nil {
		return nil, err
	}
	kind := map[trail.Format]string{trail.CSV: "text/csv; charset=utf-8; header=present", trail.JSON: "application/jsonl"}
	return &httpapi.AuditExport{Name: e.Name, ContentType: kind[trail.Format(query.Get("format"))], Write: e.Write, Close: e.Close}, nil
}

func (a auditExports) export(ctx context.Context, query url.Values) (*trail.Export, error) {
	if _, err := actor.From(ctx); err != nil { // before anything is looked at
		return nil, err
	}
	filter, err := trail.ParseFilter(query.Get)
	if err != nil {
		return nil, err
	}
	return a.trail.Export(ctx, filter, trail.Format(query.Get("format")))
}

// auditSealing tells how far the sealer is behind, when it is asked.
type auditSealing struct{ db *store.DB }

var (
	auditUnsealedDesc = prometheus.NewDesc("mpanel_audit_unsealed_entries", "Audit entries that no seal has yet.", nil, nil)
	auditBehindDesc   = prometheus.NewDesc("mpanel_audit_seal_lag_seconds", "Seconds since the oldest audit entry was written that no seal has yet; 0 without one.", nil, nil)
)

// Describe implements prometheus.Collector.
func (auditSealing) Describe(c chan<- *prometheus.Desc) {
	c <- auditUnsealedDesc
	c <- auditBehindDesc
}

// Collect implements prometheus.Collector.
func (a auditSealing) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	behind, err := seal.Lag(ctx, a.db)
	if err != nil {
		c <- prometheus.NewInvalidMetric(auditUnsealedDesc, err)
		return
	}
	c <- prometheus.MustNewConstMetric(auditUnsealedDesc, prometheus.GaugeValue, float64(behind.Entries))
	c <- prometheus.MustNewConstMetric(auditBehindDesc, prometheus.GaugeValue, behind.Time.Seconds())
}
