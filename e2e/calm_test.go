//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// hurry has a chore done now that would come by itself within its period.
func (k *torture) hurry(ctx context.Context, chore string) error {
	args, err := json.Marshal(map[string]string{"name": chore})
	if err != nil {
		return err
	}
	return k.ask(ctx, "panel", "mpanel", func(conn *pgx.Conn) error {
		var id int64
		err := conn.QueryRow(ctx, `INSERT INTO river_job (args, kind, max_attempts, queue, state) VALUES ($1, 'chore', 1, 'chores', 'available')
			RETURNING id`, args).Scan(&id)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `SELECT pg_notify('public.river_insert', '{"queue": "chores"}')`); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		for {
			var over bool
			var problems string
			err := conn.QueryRow(ctx, "SELECT finalized_at IS NOT NULL, coalesce(array_to_string(errors, ' '), '') FROM river_job WHERE id = $1", id).Scan(&over, &problems)
			switch {
			case err != nil:
				return err
			case problems != "":
				return fmt.Errorf("chore %s: %s", chore, problems)
			case over:
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("chore %s: %w", chore, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// calm waits until the panel has done all that it does by itself: logins whose
// grace is over, repairs, and what dead jobs left on the server.
func (k *torture) calm(ctx context.Context) error {
	if err := k.idle(ctx); err != nil {
		return err
	}
	graces, err := k.tell(ctx, `SELECT string_agg(previous_username, ', ') FROM databases
		WHERE previous_until < now() + interval '1 minute' AND state <> 'SUSPENDED'`)
	if err != nil {
		return err
	}
	if graces != "" {
		if err := k.hurry(ctx, "retire-database-logins"); err != nil {
			return err
		}
		return fmt.Errorf("logins that are to go: %s", graces)
	}
	if err := k.hurry(ctx, "sync-database-access"); err != nil {
		return err
	}
	if err := k.survey(ctx, k.admin); err != nil {
		return err
	}
	if err := k.idle(ctx); err != nil {
		return err
	}
	findings, err := k.tell(ctx, `SELECT string_agg(kind || ' ' || external_name || ': ' || detail, '; ')
		FROM drift_findings WHERE resolved_at IS NULL`)
	if err == nil && findings != "" {
		err = fmt.Errorf("findings: %s", findings)
	}
	return err
}

// idle is an error while a job is at work.
func (k *torture) idle(ctx context.Context) error {
	jobs, err := k.tell(ctx, `SELECT string_agg(kind || ' ' || state || ' ' || coalesce(waiting_for, ''), ', ') FROM jobs
		WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')`)
	if err == nil && jobs != "" {
		err = fmt.Errorf("at work: %s", jobs)
	}
	return err
}

// tell asks the panel's tables for a text; "" for NULL.
func (k *torture) tell(ctx context.Context, sql string) (text string, err error) {
	err = k.ask(ctx, "panel", "mpanel", func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT coalesce(("+sql+"), '')").Scan(&text)
	})
	return text, err
}

// standstill tells who waits for what, for whoever wonders why nothing goes on.
func (k *torture) standstill(ctx context.Context) string {
	ctx = context.WithoutCancel(ctx)
	jobs, err := k.tell(ctx, `SELECT string_agg(concat_ws(' ', kind, j.state, 'attempts', j.attempts, 'lease', lease_owner, lease_until - now(), 'waits', waiting_for,
		next_attempt_at - now(), (SELECT string_agg(name || ' ' || state, ', ' ORDER BY idx) FROM job_steps WHERE job_id = j.id)), E'\n')
		FROM jobs AS j WHERE j.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')`)
	text := fmt.Sprintf("jobs: %s %v", jobs, err)
	for cluster, database := range map[string]string{"panel": "mpanel", "tenants": "postgres"} {
		err := k.ask(ctx, cluster, database, func(conn *pgx.Conn) error {
			var sessions string
			err := conn.QueryRow(ctx, `SELECT coalesce(string_agg(concat_ws(' ', pid, usename, datname, state, wait_event, now() - state_change, 'blocked by',
				pg_blocking_pids(pid)::text, left(query, 200)), E'\n'), '') FROM pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND (state <> 'idle' OR usename NOT IN ('mpanel', 'mpanel_node'))`).Scan(&sessions)
			text += fmt.Sprintf("\n%s: %s", cluster, sessions)
			return err
		})
		if err != nil {
			text += fmt.Sprintf("\n%s: %v", cluster, err)
		}
	}
	return text
}
