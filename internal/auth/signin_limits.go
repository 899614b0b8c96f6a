package auth

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Wrong sign-ins that are let through. None of them refuses somebody who comes from a
// network of their own: an account alone is never closed, whoever tries it how often.
const (
	maxSignInsOfNetwork    = 100 // in TriesWithin, to all accounts
	maxSignInsFromNetwork  = 10  // in TriesWithin, to one account
	maxSignInsOfAccount    = 100 // in signInsOfAccount, from all networks
	maxSignInsOfUnfamiliar = 3   // in TriesWithin, from each network once those of the account are used up
	signInsOfAccount       = time.Hour
)

// trySignIn counts a sign-in to an account from the request's network, whether or not
// there is such an account; well takes it back. An account that is tried from many
// networks leaves few tries to each network from which nobody has signed in to it. Error:
// fault.RateLimited.
func (s *Service) trySignIn(ctx context.Context, email string) (well func(), err error) {
	network := actor.RequestFrom(ctx).Network()
	if network == "" { // a command on the machine itself
		return func() {}, nil
	}
	from, err := s.count(ctx, []Limit{
		{Key: "sign-in//" + network, Max: maxSignInsOfNetwork}, {Key: "sign-in/" + email + "/" + network, Max: maxSignInsFromNetwork},
	}, tooOften)
	if err != nil {
		return nil, s.refusedTry(ctx, err)
	}
	of, err := s.trySignInOf(ctx, email, network)
	if err != nil {
		from() // what is refused is not tried
		return nil, s.refusedTry(ctx, err)
	}
	return func() { from(); of() }, nil
}

// trySignInOf counts it for the account, or for a network that is unfamiliar to it.
func (s *Service) trySignInOf(ctx context.Context, email, network string) (well func(), err error) {
	well, err = s.count(ctx, []Limit{{Key: "sign-in/" + email, Max: maxSignInsOfAccount, Within: signInsOfAccount}}, tooOften)
	if fault.CodeOf(err) != fault.RateLimited {
		return well, err
	}
	familiar, err := s.isFamiliar(ctx, email, network)
	if err != nil {
		return nil, err
	}
	if familiar {
		return func() {}, nil
	}
	return s.count(ctx, []Limit{{Key: "sign-in/unfamiliar/" + email + "/" + network, Max: maxSignInsOfUnfamiliar}}, tooOften)
}

// refusedTry logs that a sign-in was refused.
func (s *Service) refusedTry(ctx context.Context, err error) error {
	if fault.CodeOf(err) == fault.RateLimited {
		s.log.WarnContext(ctx, "sign-in refused", "reason", "too many tries", "ip", actor.RequestFrom(ctx).IP)
	}
	return err
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
