package auth

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A tryLimit is how often something may be tried without success.
type tryLimit struct {
	kind   string
	most   int
	window time.Duration
}

// Wrong sign-ins that are let through. None of them refuses somebody who comes from a
// network of their own: an account alone is never closed, whoever tries it how often.
var (
	signInsOfNetwork    = tryLimit{"sign-in/network", 100, 15 * time.Minute}
	signInsFromNetwork  = tryLimit{"sign-in/account+network", 10, 15 * time.Minute}
	signInsOfAccount    = tryLimit{"sign-in/account", 100, time.Hour}
	signInsOfUnfamiliar = tryLimit{"sign-in/account+unfamiliar-network", 3, 15 * time.Minute} // once those of the account are used up
)

// trySignIn counts a sign-in to an account from the request's network, whether or not
// there is such an account; well takes it back. An account that is tried from many
// networks leaves few tries to each network from which nobody has signed in to it. Error:
// fault.RateLimited.
func (s *Service) trySignIn(ctx context.Context, email string) (well func(), err error) {
	var taken []func()
	well = func() {
		for _, give := range taken {
			give()
		}
	}
	network := actor.RequestFrom(ctx).Network()
	if network == "" { // a command on the machine itself
		return well, nil
	}
	take := func(l tryLimit, who string) error {
		err := s.accounts.Limits.Take(ctx, l.kind, who, l.most, l.window)
		if err == nil {
			taken = append(taken, func() { s.accounts.Limits.Give(context.WithoutCancel(ctx), l.kind, who, l.most, l.window) })
		}
		return err
	}
	from := email + "\x00" + network
	if err = take(signInsOfNetwork, network); err == nil {
		err = take(signInsFromNetwork, from)
	}
	if err == nil {
		if err = take(signInsOfAccount, email); fault.CodeOf(err) == fault.RateLimited {
			var familiar bool
			if familiar, err = s.isFamiliar(ctx, email, network); err == nil && !familiar {
				err = take(signInsOfUnfamiliar, from)
			}
		}
	}
	if err != nil {
		well() // what is refused is not tried
		if fault.CodeOf(err) == fault.RateLimited {
			s.log.WarnContext(ctx, "sign-in refused", "reason", "too many tries", "ip", actor.RequestFrom(ctx).IP)
		}
		return nil, err
	}
	return well, nil
}

// isFamiliar tells whether somebody has signed in to the account from the network, in a
// session that is not forgotten yet.
func (s *Service) isFamiliar(ctx context.Context, email, network string) (bool, error) {
	var ips []string
	err := s.db.NewSelect().Model((*models.Session)(nil)).ColumnExpr("DISTINCT se.ip").Join("JOIN users AS u ON u.id = se.user_id").
		Where("u.email = ?", email).Limit(1000).Scan(ctx, &ips)
	if err != nil {
		return false, store.Wrap(err, "read the networks of an account's sessions")
	}
	for _, ip := range ips {
		if ip != "" && (actor.Request{IP: ip}).Network() == network {
			return true, nil
		}
	}
	return false, nil
}
