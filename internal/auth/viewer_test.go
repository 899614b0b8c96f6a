package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

func TestViewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	ctx := w.as(u)
	v, err := w.Viewer(ctx)
	require.NoError(t, err)
	require.Equal(t, u.ID, v.User.ID)
	require.Equal(t, "ada@example.com", v.User.Email)

	_, err = w.Viewer(t.Context())
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "nobody called")
	w.exec("DELETE FROM users WHERE id = ?", u.ID)
	_, err = w.Viewer(ctx)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "gone since the request began")
}

func TestPermissions_TreeOfThree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reseller := w.customer("reseller", nil)
	agency := w.customer("agency", reseller)
	shop := w.customer("shop", agency)
	foreign := w.customer("foreign", nil)
	missing := ident.NewCustomerID()

	owner := []actor.Permission{"AUDIT_READ", "CUSTOMERS_READ", "CUSTOMERS_WRITE", "DATABASES_READ", "DATABASES_WRITE", "JOBS_READ", "JOBS_WRITE", "USERS_READ", "USERS_WRITE"}
	developer := []actor.Permission{"CUSTOMERS_READ", "DATABASES_READ", "DATABASES_WRITE", "JOBS_READ", "JOBS_WRITE"}
	billing := []actor.Permission{"CUSTOMERS_READ"}
	support := []actor.Permission{"AUDIT_READ", "CUSTOMERS_READ", "DATABASES_READ", "JOBS_READ", "SERVERS_READ", "USERS_READ"}
	supportAndOwner := []actor.Permission{"AUDIT_READ", "CUSTOMERS_READ", "CUSTOMERS_WRITE", "DATABASES_READ", "DATABASES_WRITE", "JOBS_READ", "JOBS_WRITE", "SERVERS_READ", "USERS_READ", "USERS_WRITE"}
	none := []actor.Permission{}

	type member struct {
		of   *models.Customer
		role models.CustomerRole
	}
	for name, tc := range map[string]struct {
		provider                                          models.ProviderRole
		members                                           []member
		anywhere, atReseller, atAgency, atShop, atForeign []actor.Permission
	}{
		"nobody":              {"", nil, none, none, none, none, none},
		"owner at the top":    {"", []member{{reseller, "OWNER"}}, owner, owner, owner, owner, none},
		"owner in the middle": {"", []member{{agency, "OWNER"}}, owner, none, owner, owner, none},
		"owner at the bottom": {"", []member{{shop, "OWNER"}}, owner, none, none, owner, none},
		"two roles add up":    {"", []member{{reseller, "BILLING"}, {shop, "DEVELOPER"}}, developer, billing, billing, developer, none},
		"less below":          {"", []member{{reseller, "OWNER"}, {shop, "BILLING"}}, owner, owner, owner, owner, none},
		"two trees":           {"", []member{{foreign, "OWNER"}, {agency, "BILLING"}}, owner, none, billing, billing, owner},
		"support":             {"SUPPORT", nil, support, support, support, support, support},
		"billing":             {"BILLING", nil, billing, billing, billing, billing, billing},
		"support and owner":   {"SUPPORT", []member{{agency, "OWNER"}}, supportAndOwner, support, supportAndOwner, supportAndOwner, support},
	} {
		u := w.user("u"+ident.NewUserID().String()+"@example.com", tc.provider)
		for _, m := range tc.members {
			w.member(u, m.of, m.role)
		}
		v, err := w.Viewer(w.as(u))
		require.NoError(t, err)
		for at, want := range map[*ident.CustomerID][]actor.Permission{
			nil: tc.anywhere, &reseller.ID: tc.atReseller, &agency.ID: tc.atAgency, &shop.ID: tc.atShop, &foreign.ID: tc.atForeign,
			&missing: none, {}: none,
		} {
			got, err := w.Permissions(w.t.Context(), v, at)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s at %v", name, at)
		}
	}
}

func TestPermissions_DoesNotChangeTheActor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, err := w.Viewer(w.as(w.admin("ada@example.com")))
	require.NoError(t, err)
	_, err = w.Permissions(t.Context(), v, nil)
	require.NoError(t, err)
	require.Equal(t, auth.ProviderPermissions(models.ProviderOwner), v.Actor().Provider)
}

func TestUsersByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, grace := w.admin("ada@example.com"), w.admin("grace@example.com")
	var got map[ident.UserID]*models.User
	asked := w.sql.during(func() {
		var err error
		got, err = w.UsersByID(t.Context(), []ident.UserID{ada.ID, grace.ID, ada.ID, ident.NewUserID(), {}})
		require.NoError(t, err)
	})
	require.Len(t, asked, 1)
	require.Len(t, got, 2)
	require.Equal(t, "ada@example.com", got[ada.ID].Email)
	require.Equal(t, "grace@example.com", got[grace.ID].Email)

	require.Empty(t, w.sql.during(func() {
		got, err := w.UsersByID(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, got)
	}))
}
