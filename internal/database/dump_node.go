package database

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// tidyEvery is the pause between two looks at this node's files.
	tidyEvery = 10 * time.Minute
	// tidyAgain is the pause after one that failed: until it is announced, nobody
	// gets what lies on this node through another.
	tidyAgain = 2 * time.Second
	// orphanAge is when a file that no row knows is removed: one that was just
	// finished is not known yet.
	orphanAge = time.Hour
)

// Run tells other nodes how to reach this one's files, and removes what has
// expired, until ctx ends. Each node runs it.
func (d *DumpService) Run(ctx context.Context) {
	for {
		pause := tidyEvery
		if err := d.Tidy(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "files of dumps not tidied", "error", err)
			pause = tidyAgain
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// Tidy does once what Run does again and again.
//
//allow:tenant a node's look at its own files
func (d *DumpService) Tidy(ctx context.Context) error {
	self := &models.FileNode{Node: d.node}
	if d.url != "" {
		self.URL = &d.url
	}
	_, err := d.s.db.NewInsert().Model(self).On("CONFLICT (node) DO UPDATE").Set("url = EXCLUDED.url, seen_at = now()").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "announce node %s", d.node)
	}
	// A dump that a job reads or writes is kept until that is over.
	_, err = d.s.db.NewDelete().Model((*models.DatabaseDump)(nil)).Where("expires_at < now()").
		Where("NOT EXISTS (SELECT FROM jobs AS j WHERE j.finished_at IS NULL AND (j.id = dd.job_id OR j.resource_id IN (SELECT database_id FROM database_loads WHERE dump_id = dd.id)))").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "remove dumps that have expired")
	}
	// A link can be gone on with for a while after it was used.
	_, err = d.s.db.NewDelete().Model((*models.DatabaseDumpLink)(nil)).Where("expires_at < now() - interval '2 days'").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "remove links that have expired")
	}
	// An upload whose node died, or to whose link nobody sent anything.
	_, err = d.s.db.NewUpdate().Model((*models.DatabaseDump)(nil)).Set("state = ?", models.DumpFailed).
		Where("origin = ?", models.DumpUpload).Where("state = ?", models.DumpPending).Where("created_at < now() - interval '12 hours'").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "give up uploads")
	}
	var files []string
	err = d.s.db.NewSelect().Model((*models.DatabaseDump)(nil)).Column("file").Where("dd.node = ?", d.node).Where("dd.file IS NOT NULL").Scan(ctx, &files)
	if err != nil {
		return store.Wrap(err, "list files of node %s", d.node)
	}
	known := make(map[string]bool, len(files))
	for _, f := range files {
		known[f] = true
	}
	removed, err := d.files.sweep(known, orphanAge)
	if removed > 0 {
		d.log.InfoContext(ctx, "files of dumps removed", "files", removed)
	}
	return err
}
