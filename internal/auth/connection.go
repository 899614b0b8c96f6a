package auth

import (
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// MembershipConnection is a page of memberships, and MembershipEdge a row of it.
type (
	MembershipConnection = page.Connection[*models.Membership]
	MembershipEdge       = page.Edge[*models.Membership]
)
