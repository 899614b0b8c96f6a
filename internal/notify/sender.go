package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Times of the sender.
const (
	// LookEvery is how often each node looks for mails that nobody told it of.
	LookEvery = 5 * time.Second
	// attemptTime bounds one attempt, whatever the server does.
	attemptTime = 30 * time.Second
	// leaseTime is how long others leave a mail alone that a node has taken: longer
	// than an attempt, so that only a dead node's is taken from it.
	leaseTime = time.Minute
	// stopTime is how long attempts may go on when the sender is stopped.
	stopTime = 2 * time.Second
	// Kept is how long rows of mails that are over are there to be looked at.
	Kept = 30 * 24 * time.Hour
)

const (
	parallel   = 4 // attempts of one node at the same time
	maxBackoff = time.Hour
)

// backoff is the time between the attempt of this number, from 1, and the next.
func backoff(attempt int) time.Duration {
	d := 5 * time.Second
	for range attempt - 1 {
		if d *= 3; d >= maxBackoff {
			return maxBackoff
		}
	}
	return d
}

// SenderConfig is what a Sender needs.
type SenderConfig struct {
	DB     *store.DB // required
	Outbox *Outbox   // required
	// Transport is nil when there is no way to send: mails wait then, until their
	// links end.
	Transport Transport
	Letters   *Letters // required
	// LookEvery and AttemptTime are for tests; by default the constant, and half a
	// minute for one attempt, whatever the server does.
	LookEvery, AttemptTime time.Duration
	Log                    *slog.Logger
}

// A Sender sends the mails of the outbox.
type Sender struct {
	SenderConfig
	stats *stats
}

// NewSender returns a Sender, of which each node runs one.
func NewSender(c SenderConfig) *Sender {
	c.LookEvery, c.AttemptTime, c.Log = cmp.Or(c.LookEvery, LookEvery), cmp.Or(c.AttemptTime, attemptTime), cmp.Or(c.Log, slog.Default())
	return &Sender{SenderConfig: c, stats: newStats()}
}

// Run sends until ctx ends. A mail is sent at least once: when the answer of the
// server to a whole message is lost, or the node dies before it has noted it, the
// message is sent again, with the same Message-ID.
func (s *Sender) Run(ctx context.Context) {
	// An attempt that is nearly done should not be repeated for a restart's sake.
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopTime, stop) })()
	ticker := time.NewTicker(s.LookEvery)
	defer ticker.Stop()
	for {
		if s.Transport == nil {
			s.expire(ctx)
		} else {
			for s.round(ctx, sending) && ctx.Err() == nil {
			}
		}
		select {
		case <-s.Outbox.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// round sends some mails that are due, and tells whether there may be more.
func (s *Sender) round(ctx, sending context.Context) bool {
	s.expire(ctx)
	rows, err := s.take(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "mails not read", "error", err)
		}
		return false
	}
	var done sync.WaitGroup
	for _, row := range rows {
		done.Go(func() { s.attempt(sending, row) })
	}
	done.Wait()
	return len(rows) == parallel
}

// take leases mails that are due. Several nodes take different ones.
func (s *Sender) take(ctx context.Context) (rows []*models.Mail, err error) {
	due := s.DB.NewSelect().Model((*models.Mail)(nil)).Column("ml.id").Where("ml.state = ?", models.MailPending).
		Where("ml.next_attempt_at <= now()").Where("(ml.lease_until IS NULL OR ml.lease_until <= now())").
		OrderExpr("ml.next_attempt_at, ml.id").Limit(parallel).For("UPDATE SKIP LOCKED")
	err = s.DB.NewUpdate().Model((*models.Mail)(nil)).Set("attempts = attempts + 1").
		Set("lease_until = now() + ? * interval '1 second'", leaseTime.Seconds()).Where("id IN (?)", due).Returning("*").Scan(ctx, &rows)
	return rows, store.Wrap(err, "take mails")
}

// expire gives up mails whose links have ended.
func (s *Sender) expire(ctx context.Context) {
	var rows []*models.Mail
	err := s.DB.NewUpdate().Model((*models.Mail)(nil)).Set("state = ?, error_class = ?, content_sealed = NULL", models.MailFailed, models.MailExpired).
		Where("state = ?", models.MailPending).Where("expires_at <= now()").Returning("id, kind").Scan(ctx, &rows)
	switch {
	case err != nil && ctx.Err() == nil:
		s.Log.ErrorContext(ctx, "mails not given up", "error", err)
	default:
		s.stats.failed(models.MailExpired, len(rows))
		for _, row := range rows {
			s.Log.ErrorContext(ctx, "mail given up: it could not be sent in time", "mail_id", row.ID, "kind", row.Kind)
		}
	}
}

// attempt sends one mail and notes what came of it.
func (s *Sender) attempt(ctx context.Context, row *models.Mail) {
	bounded, cancel := context.WithTimeout(ctx, s.AttemptTime)
	defer cancel()
	err := s.send(bounded, row)
	attrs := []any{"mail_id", row.ID, "kind", row.Kind, "attempt", row.Attempts}
	if err == nil {
		s.stats.succeeded()
	} else {
		class := models.MailUnreadable // as note has it
		if f, ok := errors.AsType[*failure](err); ok {
			attrs = append(attrs, "class", f.class, "reply_code", f.reply)
			class = f.class
		}
		s.stats.failed(class, 1)
	}
	noted := s.note(context.WithoutCancel(ctx), row, err)
	switch {
	case noted != nil:
		s.Log.ErrorContext(ctx, "what came of a mail was not noted", append(attrs, "error", noted)...)
	case err != nil:
		s.Log.WarnContext(ctx, "mail not sent", attrs...)
	default:
		s.Log.InfoContext(ctx, "mail sent", attrs...)
	}
}

func (s *Sender) send(ctx context.Context, row *models.Mail) error {
	c, err := s.Outbox.open(row)
	if err != nil {
		return &failure{class: models.MailUnreadable}
	}
	letter, err := s.Letters.write(row, c)
	if err != nil {
		return err
	}
	return s.Transport.Send(ctx, letter)
}

// noteTime bounds writing down what came of an attempt.
const noteTime = 5 * time.Second

// note writes down what came of an attempt, unless the mail is another node's by now.
func (s *Sender) note(ctx context.Context, row *models.Mail, err error) error {
	ctx, cancel := context.WithTimeout(ctx, noteTime)
	defer cancel()
	q := s.DB.NewUpdate().Model((*models.Mail)(nil)).Set("lease_until = NULL").
		Where("id = ?", row.ID).Where("state = ?", models.MailPending).Where("attempts = ?", row.Attempts)
	f, known := errors.AsType[*failure](err)
	switch {
	case err == nil:
		q.Set("state = ?, sent_at = now(), content_sealed = NULL, error_class = NULL, reply_code = NULL", models.MailSent)
	case !known: // a mistake of ours; it may be repaired by another version
		f = &failure{class: models.MailUnreadable}
		fallthrough
	case f.class != models.MailRefused:
		q.Apply(f.set).Set("next_attempt_at = now() + ? * interval '1 second'", backoff(row.Attempts).Seconds())
	default:
		q.Apply(f.set).Set("state = ?, content_sealed = NULL", models.MailFailed)
	}
	_, err = q.Exec(ctx)
	return store.Wrap(err, "note mail %s", row.ID)
}

// set is what a row keeps of a failure.
func (f *failure) set(q *bun.UpdateQuery) *bun.UpdateQuery {
	var reply *int
	if f.reply != 0 {
		reply = &f.reply
	}
	return q.Set("error_class = ?, reply_code = ?", f.class, reply)
}

// Purge removes rows of mails that have long been over.
func Purge(ctx context.Context, db *store.DB) error {
	_, err := db.NewDelete().Model((*models.Mail)(nil)).Where("state <> ?", models.MailPending).
		Where("created_at < now() - ? * interval '1 second'", Kept.Seconds()).Exec(ctx)
	return store.Wrap(err, "purge mails")
}
