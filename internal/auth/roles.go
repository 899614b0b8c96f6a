package auth

import (
	"slices"

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

// RolesWith are the roles that hold a permission: with the provider, and in a customer.
func RolesWith(p actor.Permission) (provider []models.ProviderRole, customer []models.CustomerRole) {
	for _, r := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
		if slices.Contains(ProviderPermissions(r), p) {
			provider = append(provider, r)
		}
	}
	for _, r := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		if slices.Contains(CustomerPermissions(r), p) {
			customer = append(customer, r)
		}
	}
	return provider, customer
}
