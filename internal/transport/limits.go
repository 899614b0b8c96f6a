package transport

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
)

// charged is the name under which an operation of a socket has its charge.
const charged = "charge"

// A charge is what an operation costs.
type charge struct {
	cost  int
	state budget.State // of who has paid
}

// pay takes an operation's cost from its caller's budget: the API token's, that of the
// staff who act as somebody else, else the user's, and of nobody the address's.
func (c *core) pay(ctx context.Context, who *actor.Actor, cost int) (budget.State, error) {
	if cost > MaxComplexity {
		return budget.State{}, fault.TooComplex.New("", "The operation costs more than %d points: ask for smaller pages, or for less below them.", MaxComplexity)
	}
	if live.IsShared(ctx) { // each member has paid
		return budget.State{}, nil
	}
	payer := callerOf(ctx)
	if who == nil {
		return c.AnonymousBudget.Take(payer, cost)
	}
	if token := who.APIToken; !token.IsZero() {
		payer = string(token.UUID[:])
	}
	return c.Budget.Take(payer, cost)
}

// tell writes the header fields of draft-ietf-httpapi-ratelimit-headers-03, which
// clients know, in the form that net/http gives to names.
func (own charge) tell(header http.Header, errs gqlerror.List) {
	if own.state.Limit == 0 {
		return
	}
	values := []string{
		strconv.Itoa(own.state.Limit), strconv.Itoa(own.state.Remaining), strconv.Itoa(seconds(time.Until(own.state.ResetAt))),
	}
	header["Ratelimit-Limit"], header["Ratelimit-Remaining"], header["Ratelimit-Reset"] = values[0:1:1], values[1:2:2], values[2:3:3]
	if f, ok := errors.AsType[*fault.Error](errs); ok && f.Code == fault.RateLimited {
		if after, ok := f.Details["retryAfterSeconds"].(int); ok {
			header.Set("Retry-After", strconv.Itoa(after))
		}
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(max(0, d).Seconds())) }
