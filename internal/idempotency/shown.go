package idempotency

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// ShowAgain is how long a secret that was shown once is shown again to who
// repeats the mutation with its key.
const ShowAgain = 15 * time.Minute

// Shown are the secrets that a mutation shows once. It is embedded in the ids that
// a key keeps, where it is not kept readable: tag it json:"-". do fills it with
// Show; in replay, Again has the same secrets for ShowAgain, and then none.
type Shown struct {
	box     *secret.Box
	secrets map[string]secret.Text

	// Of a replay: what was kept, and what opens it beside a box.
	sealed []byte
	key    secret.Text
	place  string
}

// Show are secrets by names of the mutation's own. Without an idempotency key
// nothing of them is kept.
func Show(box *secret.Box, secrets map[string]secret.Text) Shown {
	return Shown{box: box, secrets: secrets}
}

// Again is what Show was given when the mutation was carried out; nil when it
// showed nothing, or too long ago.
func (s Shown) Again(box *secret.Box) map[string]secret.Text {
	if s.sealed == nil {
		return nil
	}
	// What does not open is over: the panel's secret key was changed meanwhile.
	opened, err := box.OpenFor(s.key, s.sealed, s.place)
	if err != nil {
		return nil
	}
	var plain map[string]string
	if json.Unmarshal([]byte(opened.Reveal()), &plain) != nil {
		return nil
	}
	secrets := make(map[string]secret.Text, len(plain))
	for name, v := range plain {
		secrets[name] = secret.New(v)
	}
	return secrets
}

func (s Shown) shown() Shown { return s }

func (s *Shown) showAgain(kept Shown) { *s = kept }

// seal is what is kept of the secrets, nil for none.
func (s Shown) seal(key secret.Text, place string) ([]byte, error) {
	if len(s.secrets) == 0 {
		return nil, nil
	}
	plain := make(map[string]string, len(s.secrets))
	for name, v := range s.secrets {
		plain[name] = v.Reveal()
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, fmt.Errorf("encode what was shown: %w", err)
	}
	return s.box.SealFor(key, secret.New(string(text)), place), nil
}

// answerPlace binds an answer to its user, key and input.
func answerPlace(row *models.IdempotencyKey) string {
	return "idempotency_keys.answer/" + row.UserID.String() + "/" + hex.EncodeToString(row.KeyHash) + "/" + hex.EncodeToString(row.InputHash)
}

// PurgeAnswers removes secrets that are not shown again any more.
func PurgeAnswers(ctx context.Context, db *store.DB) error {
	_, err := db.NewUpdate().Model((*models.IdempotencyKey)(nil)).Set("answer_sealed = NULL").Where("ik.answer_sealed IS NOT NULL").
		Where("ik.created_at < now() - ? * interval '1 second'", ShowAgain.Seconds()).Exec(ctx)
	return store.Wrap(err, "purge answers")
}
