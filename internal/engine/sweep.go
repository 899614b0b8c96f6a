package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// nodeLockSpace is the first number of our advisory locks on node ids.
const nodeLockSpace = 0x6d70

// Times after which a database that does not answer counts as away. A network
// that swallows everything would have us wait for as long as TCP does.
const (
	pingTimeout  = 2 * time.Second
	lockTimeout  = 15 * time.Second
	sweepTimeout = 10 * time.Second
)

// Serve makes this node responsible for its id, takes up its own jobs of
// before a crash at once, and then sweeps for jobs that are due until ctx ends;
// it returns when every job of this node is over or given back. Error: another
// process runs under the same node id.
func (e *Engine) Serve(ctx context.Context, ready func()) error {
	lock, err := e.lockNode(ctx)
	if err != nil && ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return err
	}
	// The lock is the session's: PostgreSQL gives it back when we die.
	defer func() { _ = lock.Close(context.WithoutCancel(ctx)) }()
	defer e.running.Wait()
	defer e.setWake(nil)

	// Whoever held these leases under our name is dead, since we hold the lock.
	_, err = e.db.NewUpdate().Model((*models.Job)(nil)).
		Set("lease_owner = NULL, lease_until = NULL, fence = fence + 1").
		Where("lease_owner = ?", e.node).Where("state IN (?)", bun.List(Active)).Exec(ctx)
	if err != nil && ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return store.Wrap(err, "clear the leases of node %s", e.node)
	}
	e.setWake(func(id ident.JobID) { e.running.Go(func() { e.Run(ctx, id) }) })
	ready()
	tick := time.NewTicker(e.sweep)
	defer tick.Stop()
	for {
		if lock, err = e.keepLock(ctx, lock); err != nil {
			return err
		}
		more, err := e.sweepOnce(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "sweep failed", "error", err)
		}
		var soon <-chan time.Time
		if more { // hundreds that find their server away are through in no time
			soon = time.After(e.sweep / 20)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-soon:
		case <-tick.C:
		}
	}
}

// keepLock takes the lock again when it was lost with its session, such as when
// PostgreSQL restarts. Error: another process was faster.
func (e *Engine) keepLock(ctx context.Context, lock *pgx.Conn) (*pgx.Conn, error) {
	asking, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if lock.Ping(asking) == nil || ctx.Err() != nil {
		return lock, nil
	}
	locking, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	closing, cancel := context.WithTimeout(locking, pingTimeout)
	defer cancel()
	_ = lock.Close(closing)
	again, err := e.lockNode(locking)
	switch {
	case err == nil:
		return again, nil
	case errors.Is(err, errNodeTaken):
		return lock, err
	}
	return lock, nil // PostgreSQL is away; the next sweep tries again
}

var errNodeTaken = errors.New("another mpanel runs with the node id")

// endOwnLock ends the session that holds a node's lock if it is an earlier one
// of this very process: a broken network may keep it alive for hours.
const endOwnLock = `
SELECT pg_terminate_backend(a.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = $1::int::oid AND l.objid = $2::int::oid AND l.objsubid = 2
AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND a.application_name = $3 AND a.pid <> pg_backend_pid()`

// lockNode waits a little for the lock, since a killed process's session may
// outlive it by a moment.
func (e *Engine) lockNode(ctx context.Context) (*pgx.Conn, error) {
	cfg := e.db.Pool.Config().ConnConfig.Copy()
	cfg.RuntimeParams = maps.Clone(cfg.RuntimeParams)
	cfg.RuntimeParams["application_name"] = e.process
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, store.Wrap(err, "lock node id")
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.node))
	id := int32(h.Sum32()) // #nosec G115 -- a hash; any 32 bits do
	for range 20 {
		var held bool
		err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1::int, $2::int)", nodeLockSpace, id).Scan(&held)
		if err == nil && held {
			return conn, nil
		}
		if err == nil {
			_, err = conn.Exec(ctx, endOwnLock, nodeLockSpace, id, e.process)
		}
		if err != nil || !pause(ctx, time.Second/4) {
			break
		}
	}
	_ = conn.Close(context.WithoutCancel(ctx))
	if err != nil {
		return nil, store.Wrap(err, "lock node id")
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w %q; give each its own MPANEL_NODE_ID", errNodeTaken, e.node)
}

// sweepOnce takes up as many due jobs as there are free slots: those whose
// runner died, those that waited long enough, and those that nobody was told of.
// Whichever is due for longest comes first, so that many that wait for one server
// do not keep others from their turn. There may be more when all slots were filled.
func (e *Engine) sweepOnce(ctx context.Context) (more bool, err error) {
	free := cap(e.slots) - len(e.slots)
	if free == 0 {
		return false, nil
	}
	asking, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	var due []*models.Job
	err = e.db.NewSelect().Model(&due).Column("id").
		Where("state IN (?)", bun.List(Active)).Where("NOT held").
		WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("lease_until < now()").
				WhereOr("lease_until IS NULL AND next_attempt_at <= now()").
				// A fresh job is left for a moment to the node that was told of it; it may
				// have died since, or be busy.
				WhereOr("lease_until IS NULL AND next_attempt_at IS NULL AND (started_at IS NOT NULL OR created_at < now() - interval '1 second')")
		}).
		OrderExpr("COALESCE(lease_until, next_attempt_at, created_at)").Limit(int64(free)).Scan(asking)
	if err != nil {
		return false, store.Wrap(err, "look for jobs that are due")
	}
	for _, j := range due {
		select {
		case e.slots <- struct{}{}:
			e.running.Go(func() { e.runInSlot(ctx, j.ID) })
		default:
			return false, nil
		}
	}
	return len(due) == free, nil
}
