package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/models"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	const read = "CUSTOMERS_READ USERS_READ DATABASES_READ SERVERS_READ JOBS_READ AUDIT_READ"
	const all = read + " CUSTOMERS_WRITE USERS_WRITE DATABASES_WRITE SERVERS_WRITE JOBS_WRITE USERS_IMPERSONATE"
	const ofOwner = "CUSTOMERS_READ CUSTOMERS_WRITE USERS_READ USERS_WRITE DATABASES_READ DATABASES_WRITE JOBS_READ JOBS_WRITE AUDIT_READ"
	for role, want := range map[models.ProviderRole]string{
		models.ProviderOwner:   all,
		models.ProviderAdmin:   all,
		models.ProviderSupport: read,
		models.ProviderBilling: "CUSTOMERS_READ",
		"ROOT":                 "",
		"":                     "",
	} {
		require.ElementsMatch(t, permissions(want), ProviderPermissions(role), "provider %s", role)
	}
	for role, want := range map[models.CustomerRole]string{
		models.CustomerOwner:     ofOwner,
		models.CustomerAdmin:     ofOwner,
		models.CustomerDeveloper: "CUSTOMERS_READ DATABASES_READ DATABASES_WRITE JOBS_READ JOBS_WRITE",
		models.CustomerBilling:   "CUSTOMERS_READ",
		models.CustomerReadOnly:  "CUSTOMERS_READ DATABASES_READ JOBS_READ",
		"ROOT":                   "",
		"":                       "",
	} {
		require.ElementsMatch(t, permissions(want), CustomerPermissions(role), "customer %s", role)
	}
}

func permissions(names string) []actor.Permission {
	var out []actor.Permission
	for name := range strings.FieldsSeq(names) {
		out = append(out, actor.Permission(name))
	}
	return out
}

// A permission that is added must be given to somebody.
func TestRoles_OwnerHoldsEveryPermissionThereIs(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "../actor/actor.go", nil, 0)
	require.NoError(t, err)
	var declared []actor.Permission
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Permission" {
			return true
		}
		for _, v := range spec.Values {
			s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, actor.Permission(s))
		}
		return true
	})
	require.NotEmpty(t, declared)
	require.ElementsMatch(t, declared, ProviderPermissions(models.ProviderOwner))
	require.ElementsMatch(t, declared, ProviderPermissions(models.ProviderAdmin))
}
