package auth

import (
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/models"
)

// allPermissions is every permission there is, which only the provider's owner
// and administrators hold.
func allPermissions() []actor.Permission {
	return []actor.Permission{
		actor.CustomersRead, actor.CustomersWrite, actor.UsersRead, actor.UsersWrite, actor.DatabasesRead,
		actor.DatabasesWrite, actor.ServersRead, actor.ServersWrite, actor.JobsRead, actor.JobsWrite, actor.AuditRead,
		actor.UsersImpersonate,
	}
}

// ProviderPermissions is what a role with the provider may do, for every
// customer; nothing for an unknown role.
func ProviderPermissions(r models.ProviderRole) []actor.Permission {
	switch r {
	case models.ProviderOwner, models.ProviderAdmin:
		return allPermissions()
	case models.ProviderSupport:
		return []actor.Permission{
			actor.CustomersRead, actor.UsersRead, actor.DatabasesRead, actor.ServersRead, actor.JobsRead, actor.AuditRead,
		}
	case models.ProviderBilling:
		return []actor.Permission{actor.CustomersRead}
	}
	return nil
}

// CustomerPermissions is what a role within a customer may do there and for
// everything below; nothing for an unknown role. Servers are the provider's.
func CustomerPermissions(r models.CustomerRole) []actor.Permission {
	switch r {
	case models.CustomerOwner, models.CustomerAdmin:
		return []actor.Permission{
			actor.CustomersRead, actor.CustomersWrite, actor.UsersRead, actor.UsersWrite, actor.DatabasesRead,
			actor.DatabasesWrite, actor.JobsRead, actor.JobsWrite, actor.AuditRead,
		}
	case models.CustomerDeveloper:
		return []actor.Permission{
			actor.CustomersRead, actor.DatabasesRead, actor.DatabasesWrite, actor.JobsRead, actor.JobsWrite,
		}
	case models.CustomerBilling:
		return []actor.Permission{actor.CustomersRead}
	case models.CustomerReadOnly:
		return []actor.Permission{actor.CustomersRead, actor.DatabasesRead, actor.JobsRead}
	}
	return nil
}
