package trail

import (
	"context"
	"net/netip"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// staff are those of some users who belong to the provider.
var staff = &store.Keyed[ident.UserID, models.User]{
	Name: "find the provider's staff", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Column("u.id").Where("u.id = ANY ($1)").Where("u.provider_role IS NOT NULL")
	},
}

// Addresses are where the requests of some entries came from; nil for none, and where
// the caller may not know: customers are told what the provider's staff did, not where
// they sit.
func (s *Service) Addresses(ctx context.Context, entries []*models.AuditEntry) ([]*string, error) {
	return s.origins(ctx, entries, func(e *models.AuditEntry) *string { return &e.IP })
}

// UserAgents are what the clients of some entries' requests called themselves, as
// Addresses.
func (s *Service) UserAgents(ctx context.Context, entries []*models.AuditEntry) ([]*string, error) {
	return s.origins(ctx, entries, func(e *models.AuditEntry) *string { return &e.UserAgent })
}

func (s *Service) origins(ctx context.Context, entries []*models.AuditEntry, of func(*models.AuditEntry) *string) ([]*string, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	hidden := map[ident.UserID]bool{}
	if !who.IsStaff() {
		var users []ident.UserID
		for _, e := range entries {
			if !e.UserID.IsZero() {
				users = append(users, e.UserID)
			}
		}
		rows, err := staff.Read(ctx, s.db, nil, "", users)
		if err != nil {
			return nil, err
		}
		for _, u := range rows {
			hidden[u.ID] = true
		}
	}
	out := make([]*string, len(entries))
	for i, e := range entries {
		text := of(e)
		if *text != "" && !hidden[e.UserID] && (who.IsStaff() || e.ImpersonatorID.IsZero()) {
			out[i] = text
		}
	}
	return out, nil
}

// networkOf reads an address, as the network of it alone, or a network. Bits behind its
// length are overlooked, and what is of version 4 where it can be is that, as in entries.
func networkOf(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone("").Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, err
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return a.Unmap().Prefix(p.Bits() - 96)
	}
	return p.Masked(), nil
}
