package transport_test

import (
	"slices"
	"strings"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// holds tells whether the caller holds it anywhere.
func (c *caller) holds(p actor.Permission) bool {
	if slices.Contains(c.provider, p) {
		return true
	}
	for _, held := range c.grants {
		if slices.Contains(held, p) {
			return true
		}
	}
	return false
}

// holdsIn tells whether the caller holds it for a tenant; "" is the provider.
func (c *caller) holdsIn(p actor.Permission, tenant string) bool {
	if slices.Contains(c.provider, p) {
		return true
	}
	for root, held := range c.grants {
		if slices.Contains(held, p) && slices.Contains(below[root], tenant) {
			return true
		}
	}
	return false
}

// reaches tells whether the caller has anything to do with a tenant.
func (c *caller) reaches(tenant string) bool {
	for root, held := range c.grants {
		if len(held) > 0 && slices.Contains(below[root], tenant) {
			return true
		}
	}
	return len(c.provider) > 0
}

// readBy is with which permission objects of a kind are seen.
var readBy = map[string]actor.Permission{
	ident.Customer: actor.CustomersRead, ident.User: actor.UsersRead, ident.Invitation: actor.UsersRead, ident.APIToken: actor.UsersRead,
	ident.Database: actor.DatabasesRead, ident.DatabaseUser: actor.DatabasesRead, ident.DatabaseDump: actor.DatabasesRead,
	ident.Job: actor.JobsRead, ident.DriftFinding: actor.JobsRead, ident.AuditEvent: actor.AuditRead,
	ident.DatabaseServer: actor.ServersRead, ident.Server: actor.ServersRead,
}

// sees tells whether the caller finds an object by its id. It is what node must say.
func (c *caller) sees(o object) bool {
	own := o.owner == c.user && !c.user.IsZero() && !c.nobody
	switch o.kind {
	case ident.Session, ident.Notification:
		return own && !c.apiToken && !c.acting
	case ident.User:
		if own {
			return true
		}
	case ident.APIToken:
		if own && !c.apiToken {
			return true
		}
	}
	return !c.nobody && c.holdsIn(readBy[o.kind], o.tenant) && (!c.pinned || !o.beside)
}

// expected tells what a root field with a policy is worth to the caller: "" when it is
// executed, and the code of the refusal otherwise.
func (c *caller) expected(p policy) string {
	switch {
	case p.who == "public":
		return ""
	case c.nobody:
		return "UNAUTHENTICATED"
	case c.apiToken && (p.who == "own" || p.who == "acting" || p.fresh):
		return "FORBIDDEN"
	case c.acting && (p.who == "own" || p.inPerson || p.fresh):
		return "FORBIDDEN"
	case p.needs != "" && !c.holds(p.needs):
		return "FORBIDDEN"
	case p.staff && !slices.Contains(c.provider, p.needs):
		return "FORBIDDEN"
	}
	return ""
}

// hidden are texts and ids that no answer to the caller may have in it.
func (w *world) hidden(c *caller) []string {
	c.once.Do(func() {
		for mark := range below {
			switch {
			case mark == "beside" && (c.pinned || !c.reaches("alpha")), mark != "beside" && !c.reaches(mark):
				c.hides = append(c.hides, "canary-"+mark, "canary_"+mark)
			}
		}
		if len(c.provider) == 0 {
			c.hides = append(c.hides, staffMark)
		}
		c.hides = slices.DeleteFunc(c.hides, func(text string) bool { // of the caller itself
			return strings.HasPrefix(c.name, text)
		})
		for _, o := range w.objects {
			if c.sees(o) || (o.kind == ident.Customer || o.kind == ident.User) && c.reaches(o.tenant) { // also seen with what hangs on them
				continue
			}
			_, id, _ := ident.Parse(o.id)
			c.hides = append(c.hides, o.id, id.String())
		}
	})
	return c.hides
}
