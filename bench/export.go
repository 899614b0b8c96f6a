package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// An exportRun is one size of database: the bare pipe and the panel's export by
// turns, and what the panel's process took.
type exportRun struct {
	rawMB       float64         // of SQL and rows
	bare, panel []time.Duration // until the whole file is there
	rss, peak   float64         // of the panel's process afterwards, in MB
}

// measureExports compares the panel's export with pg_dump | gzip -1 on databases
// of a quarter of the size and of the size, in MB of rows.
func measureExports(ctx context.Context, o options, p *panel, stdout, progress io.Writer) error {
	s, panelDB, err := open(ctx, o, p)
	if err != nil {
		return err
	}
	defer func() { _ = panelDB.Close(context.WithoutCancel(ctx)) }()
	var runs []*exportRun
	for i, mb := range []int{max(o.exportMB/4, 1), o.exportMB} {
		_, _ = fmt.Fprintf(progress, "bench: exports of %d MB\n", mb)
		r, err := s.exports(ctx, fmt.Sprintf("export%d", i), mb)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	_, _ = fmt.Fprintln(stdout, "Export against pg_dump | gzip -1, by turns; goal: ratio of speed at least 0.9, memory the same for every size")
	for _, r := range runs {
		bare, own := median(r.bare), median(r.panel)
		_, _ = fmt.Fprintf(stdout, "%7.1f MB: bare %6.0f ms (%5.1f MB/s), panel %6.0f ms (%5.1f MB/s), ratio %.2f; panel's process %.0f MB, at most %.0f MB\n",
			r.rawMB, ms(bare), r.rawMB/bare.Seconds(), ms(own), r.rawMB/own.Seconds(), float64(bare)/float64(own), r.rss, r.peak)
	}
	if !o.json {
		return nil
	}
	s.result.end()
	type size struct {
		RawMB float64 `json:"raw_mb"`
		Bare  row     `json:"bare"`
		Panel row     `json:"panel"`
		Ratio float64 `json:"speed_ratio"`
		RSSMB float64 `json:"panel_rss_mb"`
		Peak  float64 `json:"panel_peak_mb"`
	}
	var sizes []size
	for _, r := range runs {
		sizes = append(sizes, size{r.rawMB, rowOf(r.bare), rowOf(r.panel), float64(median(r.bare)) / float64(median(r.panel)), r.rss, r.peak})
	}
	return keep(ctx, stdout, s.result.machine, "export", map[string]any{"machine": s.result.machine, "exports": sizes})
}

// exports makes a database of so many MB and exports it by turns.
func (s *session) exports(ctx context.Context, name string, mb int) (*exportRun, error) {
	sock, err := s.client.socket(ctx)
	if err != nil {
		return nil, err
	}
	defer sock.close()
	ord, err := s.client.createDatabase(ctx, s.customer, name)
	if err != nil {
		return nil, err
	}
	if _, err := sock.succeeded(ctx, ord.job); err != nil {
		return nil, err
	}
	bare, err := s.server.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer bare.close(ctx)
	var ext, login string
	if err := bare.conn.QueryRow(ctx, "SELECT datname, datname FROM pg_database WHERE datname LIKE '%\\_"+name+"'").Scan(&ext, &login); err != nil {
		return nil, fmt.Errorf("look for the database: %w", err)
	}
	const rowBytes = 100 // about, as text
	if err := bare.inside(ctx, ext, "SET ROLE "+quoted(login), "CREATE TABLE public.accounts AS SELECT i AS aid, i % 17 AS bid, (random() * 1e6)::int AS balance, "+
		"md5(i::text) || repeat(' ', 40) AS filler FROM generate_series(1, "+strconv.Itoa(mb*1_000_000/rowBytes)+") i"); err != nil {
		return nil, err
	}
	r := &exportRun{}
	for i := range s.options.rounds + 1 {
		for _, own := range []bool{i%2 == 0, i%2 != 0} {
			took, raw, err := s.oneExport(ctx, sock, ord.database, ext, own)
			switch {
			case err != nil:
				return nil, err
			case i == 0: // warm up
			case own:
				r.panel, r.rawMB = append(r.panel, took), float64(raw)/1e6
			default:
				r.bare = append(r.bare, took)
			}
		}
	}
	u, err := s.panel.usage()
	r.rss, r.peak = u.RSSMB, u.PeakMB
	return r, err
}

func (s *session) oneExport(ctx context.Context, sock *socket, id, ext string, own bool) (took time.Duration, raw int64, err error) {
	began := time.Now()
	if !own {
		return s.pipe(ctx, ext)
	}
	var out struct {
		ExportDatabase struct{ Dump, Job struct{ ID string } }
	}
	err = s.client.do(ctx, `mutation($in: ExportDatabaseInput!) { exportDatabase(input: $in) { dump { id } job { id } } }`, vars{"in": vars{"id": id}}, &out)
	if err != nil {
		return 0, 0, err
	}
	at, err := sock.succeeded(ctx, out.ExportDatabase.Job.ID)
	if err != nil {
		return 0, 0, err
	}
	var dump struct {
		DatabaseDump struct {
			State    string
			RawBytes int64 `json:",string"`
		}
	}
	in := vars{"id": out.ExportDatabase.Dump.ID}
	if err := s.client.do(ctx, `query($id: ID!) { databaseDump(id: $id) { state rawBytes } }`, in, &dump); err != nil {
		return 0, 0, err
	}
	if dump.DatabaseDump.State != "READY" {
		return 0, 0, fmt.Errorf("the dump is %s", dump.DatabaseDump.State)
	}
	err = s.client.do(ctx, `mutation($in: DeleteDatabaseDumpInput!) { deleteDatabaseDump(input: $in) { dump { id } } }`, vars{"in": in}, nil)
	return at.Sub(began), dump.DatabaseDump.RawBytes, err
}

// pipe is pg_dump | gzip -1 > file.
func (s *session) pipe(ctx context.Context, ext string) (time.Duration, int64, error) {
	file, err := os.Create(filepath.Join(s.panel.dir, "bare.sql.gz"))
	if err != nil {
		return 0, 0, fmt.Errorf("make a file: %w", err)
	}
	defer func() { _ = file.Close() }() // written through already
	cfg := s.server.config
	dump := exec.CommandContext(ctx, "pg_dump", "--no-owner", "--no-acl", "-h", cfg.Host, "-p", strconv.Itoa(int(cfg.Port)), "-U", cfg.User, ext)
	dump.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	zip := exec.CommandContext(ctx, "gzip", "-1")
	zip.Stdout = file
	from, to, err := os.Pipe()
	if err != nil {
		return 0, 0, fmt.Errorf("make a pipe: %w", err)
	}
	dump.Stdout, zip.Stdin = to, from
	began := time.Now()
	err = errors.Join(dump.Start(), zip.Start(), to.Close(), from.Close())
	if err == nil {
		err = errors.Join(dump.Wait(), zip.Wait(), file.Sync())
	}
	return time.Since(began), 0, err
}
