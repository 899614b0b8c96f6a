package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/mpanel/mpanel/internal/dial"
	"github.com/mpanel/mpanel/internal/secret"
)

// A DB is the panel's database: bun, River and COPY share its one pool. Keyed reads
// and lists have each one of their own, in which statements stay prepared.
type DB struct {
	*bun.DB
	Pool  *pgxpool.Pool
	reads *queue        // one plan for all
	lists *pgxpool.Pool // a plan for each
}

// DefaultConns is the least size of the pool; pool_max_conns in the URL can raise it.
const DefaultConns = 24

// Sizes of the pools for keyed reads and lists, and how many statements each of their
// connections keeps. There are as many texts of lists as clients have ideas.
const (
	readConns, readStatements = 8, 256
	listConns, listStatements = 8, 128
)

// Open prepares a pool for the URL or DSN and checks that it answers. The
// caller closes it. Options may change the configuration before it is used;
// the tests put a connection there that breaks on purpose.
func Open(ctx context.Context, url secret.Text, options ...func(*pgxpool.Config)) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url.Reveal())
	if err != nil {
		// The parser's error quotes the URL, which has a password in it.
		return nil, fmt.Errorf("MPANEL_DATABASE_URL is not a PostgreSQL URL such as postgres://user:password@host:5432/mpanel")
	}
	if cfg.MaxConns < DefaultConns {
		cfg.MaxConns = DefaultConns
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "mpanel"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// A node that is paused or cut off must not keep rows locked: those who take
	// its jobs over pass locked ones by. Nothing of ours rests within a transaction.
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "5s"
	for name, value := range map[string]string{"idle": "5", "interval": "5", "count": "2"} {
		cfg.ConnConfig.RuntimeParams["tcp_keepalives_"+name] = value
	}
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.DialFunc = dial.Database
	// bun writes values into the text, so that hardly any statement comes twice:
	// preparing each costs a round trip, and keeping them costs memory.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.ConnConfig.StatementCacheCapacity = 64 // for the few that ask to be prepared: the journal's, and sizes
	// It serves a mode that nothing asks for, and takes 30 KB of each connection.
	cfg.ConnConfig.DescriptionCacheCapacity = 0
	for _, o := range options {
		o(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database: %w", err)
	}
	// PostgreSQL would plan each array of keys anew, since its guess of how many there
	// are makes the plan for all look dearer.
	reads, err := openPrepared(ctx, cfg, readConns, readStatements, "force_generic_plan")
	if err != nil {
		pool.Close()
		return nil, err
	}
	lists, err := openPrepared(ctx, cfg, listConns, listStatements, "force_custom_plan")
	if err != nil {
		reads.Close()
		pool.Close()
		return nil, err
	}
	sayTables()
	db := bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New()).WithQueryHook(busy{})
	return &DB{DB: db, Pool: pool, reads: &queue{pool: reads, conns: readConns}, lists: lists}, nil
}

// openPrepared opens a pool in which statements stay prepared. It connects when it is
// used.
func openPrepared(ctx context.Context, cfg *pgxpool.Config, conns int32, statements int, planning string) (*pgxpool.Pool, error) {
	cfg = cfg.Copy()
	cfg.MaxConns, cfg.MinConns = conns, 0
	cfg.PingTimeout = 2 * time.Second // of one that has rested: nobody tells of a cut cable
	cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = planning
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	cfg.ConnConfig.StatementCacheCapacity = statements
	connected := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := learnArrays(ctx, conn); err != nil || connected == nil {
			return err
		}
		return connected(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database for reads: %w", err)
	}
	return pool, nil
}

// Close ends every connection.
func (db *DB) Close() error {
	err := db.DB.Close()
	db.Pool.Close()
	db.reads.pool.Close()
	db.lists.Close()
	return err
}
