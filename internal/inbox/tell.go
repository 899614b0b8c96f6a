package inbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// MaxMessage is the longest message, in characters.
const MaxMessage = 500

// A notice is what several users are told alike.
type notice struct {
	level    models.NotificationLevel
	kind     models.NotificationKind
	message  string
	object   string // kind of the id
	objectID any
	customer ident.CustomerID
}

// tell writes the notice for those users u, of whom the condition is true, at the end
// of the caller's transaction and in one statement. Nobody is told twice of one job
// that it is stuck.
func (s *Service) tell(tx store.Tx, n notice, condition string, values ...any) {
	args := append([]any{n.level, n.kind, shortened(n.message), n.object, n.objectID, n.customer}, values...)
	q := tx.NewRaw(`INSERT INTO notifications (user_id, level, kind, message, object_kind, object_id, customer_id)
		SELECT u.id, ?, ?, ?, ?, ?::uuid, ?::uuid FROM users AS u WHERE u.disabled_at IS NULL AND (`+condition+`) ORDER BY u.id
		ON CONFLICT (object_id, user_id) WHERE kind = 'job.stuck' DO NOTHING`, args...)
	tx.Queue(q, func(err error) error { return store.Wrap(err, "notify of %s", n.kind) })
	tx.AfterCommit(func() { s.bus.Publish(Topic, Told{}) })
}

// Told says that notifications were committed; it tells nothing of them.
type Told struct{}

// Topic is where that is said.
const Topic = "notifications"

// reaches is true of users who have a role that holds a permission for a customer: with
// the provider, there or above. For what belongs to no customer it is the provider's.
// Its values are the roles with the provider, the customer and the roles in one.
const reaches = `(u.provider_role IN (?) OR EXISTS (SELECT FROM memberships AS m JOIN customer_tree AS t ON t.ancestor_id = m.customer_id
	WHERE m.user_id = u.id AND t.customer_id = ?::uuid AND m.role IN (?)))`

// JobChanged tells whoever ordered a job, and may still see it, that it is over or
// stuck, and of one that is stuck the provider's owners and administrators, too.
// A job that another ordered tells nothing of its end: that one does. One of those that
// is stuck keeps that one from its end, so that this is told of that one, once.
func (s *Service) JobChanged(tx store.Tx, job *models.Job) error {
	n := notice{object: ident.Job, objectID: job.ID, customer: job.CustomerID}
	n.level, n.kind, n.message = aboutJob(job)
	if !job.ParentID.IsZero() {
		if job.State != models.JobStuck {
			return nil
		}
		n.objectID = job.ParentID
	}
	if job.State == models.JobStuck {
		s.tell(tx, n, "u.provider_role IN (?) OR u.id = ?::uuid AND "+reaches, append([]any{
			bun.List([]models.ProviderRole{models.ProviderOwner, models.ProviderAdmin}), job.ActorUserID,
		}, s.reach(actor.JobsRead, job.CustomerID)...)...)
		return nil
	}
	if job.ActorUserID.IsZero() {
		return nil
	}
	s.tell(tx, n, "u.id = ?::uuid AND "+reaches, append([]any{job.ActorUserID}, s.reach(actor.JobsRead, job.CustomerID)...)...)
	return nil
}

// reach are the values of reaches.
func (s *Service) reach(p actor.Permission, customer ident.CustomerID) []any {
	provider, within := s.holders(p)
	return []any{bun.List(provider), customer, bun.List(within)}
}

func aboutJob(job *models.Job) (level models.NotificationLevel, kind models.NotificationKind, message string) {
	because := func(reason *string) string {
		if reason == nil || *reason == "" {
			return "."
		}
		return ": " + *reason
	}
	subject := `The job "` + JobTitle(job.Kind) + `" `
	switch job.State {
	case models.JobSucceeded:
		return models.NotificationSuccess, models.NotificationJobSucceeded, subject + "has succeeded."
	case models.JobCanceled:
		return models.NotificationInfo, models.NotificationJobCanceled, subject + "was canceled, and what it had done was taken back."
	case models.JobStuck:
		return models.NotificationError, models.NotificationJobStuck, subject + "is stuck and is tried again every hour" + because(job.WaitingFor)
	default:
		return models.NotificationError, models.NotificationJobFailed, subject + "has failed" + because(job.ErrorMessage)
	}
}

// A QuotaLevel is a quota that came to another level.
type QuotaLevel struct {
	CustomerID ident.CustomerID
	Name       models.QuotaName
	Used       int64
	Max        *int64 // nil: the limit was lifted
	Before     models.QuotaLevel
	Level      models.QuotaLevel
}

// QuotaChanged tells those who have a role in the customer with which they see its
// databases that a size quota came to a higher level.
func (s *Service) QuotaChanged(tx store.Tx, q QuotaLevel) {
	if q.Name != models.QuotaDatabaseBytes || q.Max == nil || rank(q.Level) <= rank(q.Before) {
		return
	}
	n := notice{
		level: models.NotificationWarning, kind: models.NotificationQuotaLevel, object: ident.Customer, objectID: q.CustomerID, customer: q.CustomerID,
		message: fmt.Sprintf("The databases take %s of the %s that the quota allows.", size(q.Used), size(*q.Max)),
	}
	if q.Level == models.QuotaExceeded {
		n.level = models.NotificationError
		n.message = fmt.Sprintf("The databases take %s, and the quota allows %s: they are closed until less than 90 %% of it is used.", size(q.Used), size(*q.Max))
	}
	_, within := s.holders(actor.DatabasesRead)
	s.tell(tx, n, "EXISTS (SELECT FROM memberships AS m WHERE m.user_id = u.id AND m.customer_id = ?::uuid AND m.role IN (?))", q.CustomerID, bun.List(within))
}

// rank orders the levels.
func rank(l models.QuotaLevel) int {
	return slices.Index([]models.QuotaLevel{models.QuotaNormal, models.QuotaWarning, models.QuotaCritical, models.QuotaExceeded}, l)
}

// size says bytes in units of 1,024: 1536 is "1.5 KiB".
func size(bytes int64) string {
	n, unit := float64(bytes), 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for ; n >= 1024 && unit < len(units)-1; unit++ {
		n /= 1024
	}
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + " " + units[unit]
}

// shortened cuts a message that is too long.
func shortened(message string) string {
	runes := []rune(message)
	if len(runes) <= MaxMessage {
		return message
	}
	return string(runes[:MaxMessage-1]) + "…"
}
