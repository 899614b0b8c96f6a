package transport_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
)

// A policy is a row of policies, read.
type policy struct {
	who                    string // public, signed in, own, acting or row; "" with a permission
	needs                  actor.Permission
	inPerson, staff, fresh bool
}

func readPolicy(text string) (p policy) {
	words := strings.Split(text, ", ")
	if words[0] == strings.ToUpper(words[0]) {
		p.needs = actor.Permission(words[0])
	} else {
		p.who = words[0]
	}
	p.inPerson, p.staff, p.fresh = slices.Contains(words, "in person"), slices.Contains(words, "staff"), slices.Contains(words, "fresh")
	return p
}

// guarded are the fields that need a policy, as "Type.field".
func guarded(s *ast.Schema) map[string]*ast.FieldDefinition {
	found := map[string]*ast.FieldDefinition{}
	for name, def := range s.Types {
		if def.Kind != ast.Object || strings.HasPrefix(name, "__") {
			continue
		}
		for _, f := range def.Fields {
			apart := f.Directives.ForName("auth") != nil || f.Directives.ForName("goField") != nil || len(f.Arguments) > 0
			if !strings.HasPrefix(f.Name, "__") && (apart || isRoot(s, name)) {
				found[name+"."+f.Name] = f
			}
		}
	}
	return found
}

func isRoot(s *ast.Schema, name string) bool {
	return name == s.Query.Name || name == s.Mutation.Name || name == s.Subscription.Name
}

// withoutPolicy are the fields that have none, and the policies that have no field.
func withoutPolicy(s *ast.Schema) (list []string) {
	fields := guarded(s)
	for name := range fields {
		if policies[name] == "" {
			list = append(list, name)
		}
	}
	for name := range policies {
		if fields[name] == nil {
			list = append(list, name+" is gone")
		}
	}
	slices.Sort(list)
	return list
}

// contradictions are the policies that say something else than the schema's directives.
func contradictions(s *ast.Schema) (list []string) {
	for name, f := range guarded(s) {
		p, public := readPolicy(policies[name]), f.Directives.ForName("public") != nil
		typeName, _, _ := strings.Cut(name, ".")
		need, guard := requires(f)
		impersonators := ""
		if d := f.Directives.ForName("auth"); d != nil && d.Arguments.ForName("impersonators") != nil {
			impersonators = d.Arguments.ForName("impersonators").Value.Raw
		}
		var wanted []actor.Permission
		if p.needs != "" {
			wanted = []actor.Permission{p.needs}
		}
		mutation := typeName == s.Mutation.Name
		switch {
		case public != (p.who == "public"), guard == (p.who == "public" || p.who == "row"), !slices.Equal(need, wanted),
			mutation && guard && (impersonators == "true") != (p.who == "acting"),
			mutation && p.needs != "" && (impersonators == "false") != p.inPerson,
			(p.who == "own" || p.who == "acting") != (mutation && guard && len(need) == 0),
			(p.who == "signed in") != (!mutation && guard && len(need) == 0),
			p.fresh != (f.Directives.ForName("stepUp") != nil):
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// rolesOfDocument are the permissions of each role, such as "customer OWNER", as
// docs/permissions.md has them.
func rolesOfDocument(t *testing.T) map[string][]actor.Permission {
	t.Helper()
	b, err := os.ReadFile("../../docs/permissions.md")
	require.NoError(t, err)
	roles := map[string][]actor.Permission{}
	var names []string
	for line := range strings.SplitSeq(string(b), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		switch {
		case strings.HasPrefix(line, "| | "):
			for _, name := range cells[1:] {
				names = append(names, strings.TrimSpace(name))
			}
		case strings.HasPrefix(line, "| `"):
			require.Len(t, cells, 1+len(names), line)
			for i, name := range names {
				if strings.TrimSpace(cells[1+i]) == "x" {
					roles[name] = append(roles[name], actor.Permission(strings.Trim(cells[0], " `")))
				}
			}
		}
	}
	require.Len(t, roles, 9)
	return roles
}

// S2: a field without a rule, or with another one than is written down here, fails. It is
// added to a copy of the schema.
func TestS2_AFieldWithoutAPolicyFails(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	require.Empty(t, withoutPolicy(p.schema), "enter these in policies")
	require.Empty(t, contradictions(p.schema), "policies say something else than @auth, @public and @stepUp")
	for name := range policies {
		if needs := readPolicy(policies[name]).needs; needs != "" {
			require.NotNil(t, p.schema.Types["Permission"].EnumValues.ForName(string(needs)), "%s: %s", name, needs)
		}
	}

	files, err := filepath.Glob("../../schema/*.graphqls")
	require.NoError(t, err)
	var text []byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		text = append(append(text, b...), '\n')
	}
	load := func(source string) *ast.Schema {
		t.Helper()
		s, err := gqlparser.LoadSchema(&ast.Source{Input: source})
		require.NoError(t, err)
		return s
	}
	require.Empty(t, withoutPolicy(load(string(text))), "the schema's files are what is executed")
	for added, name := range map[string]string{
		"type Query { planted: Int @auth }":                                                             "Query.planted",
		"type Query { planted: Int }":                                                                   "Query.planted",
		"type Mutation { planted: Int @auth(requires: [CUSTOMERS_READ]) }":                              "Mutation.planted",
		"type Subscription { planted: Int @public }":                                                    "Subscription.planted",
		"type Database { planted: Customer @goField(forceResolver: true, batch: true) }":                "Database.planted",
		"type Database { planted(id: ID): Int }":                                                        "Database.planted",
		"type Database { planted: Int @auth }":                                                          "Database.planted",
		"type Query { fresh: Fresh @public } type Fresh { planted: Int @goField(forceResolver: true) }": "Fresh.planted",
	} {
		require.Contains(t, withoutPolicy(load(string(text)+"extend "+added)), name, added)
	}
	for name, tc := range map[string]struct{ before, after, field string }{
		"another permission":             {`(job\(.*\): Job @auth\(requires: \[)JOBS_READ`, "${1}DATABASES_READ", "Query.job"},
		"one permission more":            {`(job\(.*\): Job @auth\(requires: \[JOBS_READ)`, "${1}, DATABASES_READ", "Query.job"},
		"a permission that is gone":      {`(job\(.*\): Job @auth)\(requires: \[JOBS_READ\]\)`, "${1}", "Query.job"},
		"a permission that is new":       {`(viewer: Viewer! @auth)`, "${1}(requires: [USERS_READ])", "Query.viewer"},
		"open to everybody":              {`viewer: Viewer! @auth`, "viewer: Viewer! @public", "Query.viewer"},
		"a secret for who acts as users": {`(cloneDatabase\(.*), impersonators: false`, "${1}", "Mutation.cloneDatabase"},
		"one's own for who acts":         {`(signOut: SignOutPayload! @auth)`, "${1}(impersonators: true)", "Mutation.signOut"},
		"no fresh sign-in":               {`(createApiToken\(.*) @stepUp`, "${1}", "Mutation.createApiToken"},
		"an edge for everybody":          {`(\bserver: DatabaseServer) @auth\(requires: \[SERVERS_READ\]\)`, "${1}", "Database.server"},
	} {
		source := regexp.MustCompile(tc.before).ReplaceAllString(string(text), tc.after)
		require.NotEqual(t, string(text), source, name)
		require.Contains(t, contradictions(load(source)), tc.field, name)
	}
	require.Equal(t, []string{"Query.viewer is gone"}, withoutPolicy(load(strings.Replace(string(text), "viewer: Viewer! @auth", "rateLimits: Int @auth", 1)))[1:])
}
