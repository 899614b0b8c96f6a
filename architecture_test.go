package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/mpanel/mpanel"

// What the rules speak of, as patterns of folders. A domain that does not exist
// yet is named here already.
const (
	domains  = `internal/(auth|customer|billing|database|mail|dns|fleet|files)`
	drivers  = domains + `/[a-z]+|internal/events/[a-z]+`
	services = `internal/(engine|jobs|events|feed|audit|audit/seal|audit/trail|quota|idempotency|notify|inbox|keys|certs)`
	leaves   = `internal/(fault|page|secret|clock|ident|actor|budget|dial|tcp)`
	outside  = `internal/(command|outbound)`
	checks   = `internal/analyzers(/check)?`
	surface  = `graph|graph/.*|resolvers|internal/(transport|httpapi|executor|live)|internal/executor/plugin|internal/transport/[a-z]+`
	library  = `agent/collect`
	testOnly = `internal/testkit(/natsd|/pebble)?|internal/transport/document/hostile|internal/engine/faulttest|internal/executor/difftest`
	programs = `\.|bench|bench/.*|cmd/[a-z-]+|internal/executor/gen`
	others   = `web|web/graphiql|e2e|models|migrations|internal/(app|config|devstack|store|store/rowgen)`
)

// A rule says what packages may not import. who, except, only and never are
// patterns of whole folder names; only speaks of this module's packages and
// never of all.
type rule struct {
	why         string
	who, except string
	only, never string
	// planted is an import that breaks the rule: a package and what it imports.
	planted [2]string
}

var rules = []rule{
	{
		why: "main only starts and stops; everything else gets its arguments from internal/app, so that tests can call it",
		who: `\.`, only: `internal/app`, planted: [2]string{".", "internal/config"},
	},
	{
		why: "internal/app wires the parts; a part that knew the wiring could not be used without all others",
		who: `.*`, except: `\.`, never: `internal/app`, planted: [2]string{"internal/httpapi", "internal/app"},
	},
	{
		why: "only internal/app knows drivers: everything else speaks to an interface, so that a driver can be exchanged; bench runs a driver's queries without it, and the bus between nodes is the one within each and more",
		who: `.*`, except: `internal/app|bench|internal/events/natsbus`, never: drivers, planted: [2]string{"resolvers", "internal/database/pgprov"},
	},
	{
		why: "a driver implements its own domain's interface, of which it needs no other domain",
		who: drivers, only: domains + `|` + services + `|internal/events/membus|internal/command|` + leaves, planted: [2]string{"internal/database/pgprov", "internal/store"},
	},
	{
		why: "domains do not import each other: internal/app hands one what it needs of another, or it enqueues a job",
		who: domains, never: domains, planted: [2]string{"internal/customer", "internal/database"},
	},
	{
		why: "domains know neither GraphQL nor HTTP: the same call serves a resolver, a job and a command",
		who: domains + `|` + drivers, never: surface + `|internal/(config|devstack)|github.com/99designs/gqlgen.*|net/http`,
		planted: [2]string{"internal/database", "graph"},
	},
	{
		why: "what runs on customers' servers is small and has nothing of the panel's",
		who: library, only: library, never: `github.com/.*`, planted: [2]string{"agent/collect", "internal/ident"},
	},
	{
		why: "the engine and its kind serve every domain, so they know none",
		who: services, never: domains + `|` + drivers + `|` + surface + `|internal/(config|devstack)`,
		planted: [2]string{"internal/engine", "internal/database"},
	},
	{
		why: "the engine runs steps and writes its journal; who wakes it up and who watches is package jobs'",
		who: `internal/engine`, only: `internal/(actor|events|fault|ident|store)|models`, planted: [2]string{"internal/engine", "internal/jobs"},
	},
	{
		why: "the store is below the domains: it gives them tools and knows nothing of them",
		who: `internal/store`, only: leaves + `|models|migrations`, planted: [2]string{"internal/store", "internal/auth"},
	},
	{
		why: "rows have no behaviour: they need their columns' types and nothing else",
		who: `models`, only: leaves, planted: [2]string{"models", "internal/store"},
	},
	{
		why: "leaves can be imported from everywhere, so they import nothing but fault and ident",
		who: leaves, only: `internal/(fault|ident)`, planted: [2]string{"internal/page", "internal/secret"},
	},
	{
		why: "leaves are no place for a database, a server or a framework",
		who: leaves, never: `github.com/(uptrace|jackc|riverqueue|99designs)/.*|net/http|os/exec`,
		planted: [2]string{"internal/ident", "github.com/uptrace/bun"},
	},
	{
		why: "a resolver is one call of a service: it opens no transaction, writes no SQL and starts no job",
		who: `resolvers`, never: `internal/(store|engine|quota|audit|events|secret|config)|migrations|database/sql|github.com/(uptrace|jackc|riverqueue)/.*`,
		planted: [2]string{"resolvers", "github.com/uptrace/bun"},
	},
	{
		why: "transport and routes serve any schema: what fields do is the resolvers'",
		who: `internal/(transport|httpapi)|internal/transport/[a-z]+`, only: `internal/(actor|budget|executor|fault|idempotency|live|page|tcp)|internal/transport/[a-z]+`, planted: [2]string{"internal/transport", "graph"},
	},
	{
		why: "the core of what stays open knows no wire: whatever speaks to a client uses it, and all have the same caps and the same order",
		who: `internal/live`, only: `internal/(actor|events|executor|ident)`, planted: [2]string{"internal/live", "internal/transport"},
	},
	{
		why: "the executor serves any schema that gqlgen serves, so it knows nothing of the panel and could be a module of its own",
		who: `internal/executor(/.*)?`, only: `internal/executor(/.*)?`, planted: [2]string{"internal/executor", "internal/fault"},
	},
	{
		why: "the generator is for whoever changes the schema: it is not in the binary",
		who: `.*`, except: `internal/executor/(gen|plugin)`, never: `internal/executor/plugin|github.com/99designs/gqlgen/(api|codegen.*)`,
		planted: [2]string{"internal/executor", "internal/executor/plugin"},
	},
	{
		why: "a scalar is a conversion",
		who: `graph/scalar`, only: leaves, planted: [2]string{"graph/scalar", "models"},
	},
	{
		why: "only domains and what serves them write SQL to the panel's database",
		who: `.*`, except: domains + `|` + services + `|internal/(store|store/rowgen|app)|models|` + testOnly + `|bench`, never: `github.com/uptrace/.*`,
		planted: [2]string{"internal/transport", "github.com/uptrace/bun"},
	},
	{
		why: "River does chores; the journal is the engine's own, and nothing may come to rely on another",
		who: `.*`, except: `internal/(jobs|store)`, never: `github.com/riverqueue/.*`,
		planted: [2]string{"internal/engine", "github.com/riverqueue/river"},
	},
	{
		why: "options are read in one place and given as arguments",
		who: `.*`, except: `internal/app`, never: `internal/config`, planted: [2]string{"internal/auth", "internal/config"},
	},
	{
		why: "private clusters are the embedded default's, the tests' and the bench's",
		who: `.*`, except: `internal/app|bench|` + testOnly, never: `internal/devstack`, planted: [2]string{"internal/database", "internal/devstack"},
	},
	{
		why: "private clusters are of use without the panel",
		who: `internal/devstack`, only: `internal/(command|secret)`, planted: [2]string{"internal/devstack", "internal/store"},
	},
	{
		why: "programs are started in one place, which looks at what they are",
		who: `.*`, except: `internal/command|bench|bench/live|` + testOnly, never: `os/exec`, planted: [2]string{"internal/database", "os/exec"},
	},
	{
		why: "what starts programs and what speaks to others serves everybody, so it knows nobody",
		who: outside, only: outside, never: `github.com/.*`, planted: [2]string{"internal/command", "internal/secret"},
	},
	{
		why: "the analyzers are make lint's: they are not in the binary",
		who: `.*`, except: checks, never: checks + `|golang.org/x/tools/.*`, planted: [2]string{"internal/app", "internal/analyzers"},
	},
	{
		why: "the binary carries no test code, though the bench may measure by it",
		who: `.*`, except: testOnly + `|bench`, never: testOnly + `|testing|github.com/stretchr/.*`, planted: [2]string{"internal/app", "internal/testkit"},
	},
}

func TestArchitecture_DependenciesPointDownwards(t *testing.T) {
	t.Parallel()
	packages := readPackages(t)
	imports := map[string][]string{}
	for folder, p := range packages {
		imports[folder] = p.imports
	}
	require.Contains(t, imports, "internal/app", "the packages were not found")
	for _, r := range rules {
		assert.Empty(t, r.violations(imports), "why: %s", r.why)
	}
}

func TestArchitecture_EachRuleFindsAViolation(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		planted := map[string][]string{r.planted[0]: {"fmt", r.planted[1]}, "internal/app": nil}
		assert.Equal(t, []string{r.planted[0] + " imports " + r.planted[1]}, r.violations(planted), "why: %s", r.why)
	}
}

func TestArchitecture_EveryPackageHasItsPlace(t *testing.T) {
	t.Parallel()
	known := whole(strings.Join([]string{domains, drivers, services, leaves, surface, library, outside, checks, testOnly, programs, others}, "|"))
	for folder := range readPackages(t) {
		assert.Regexp(t, known, folder, "name the new package in a constant of architecture_test.go, so that the rules hold for it")
	}
}

func TestArchitecture_OneDocCommentPerPackage(t *testing.T) {
	t.Parallel()
	for folder, p := range readPackages(t) {
		assert.Len(t, p.docs, 1, "%s: the files with a package comment; it says what the package does and what it leaves to whom", folder)
	}
}

func TestArchitecture_NoShells(t *testing.T) {
	t.Parallel()
	for folder, p := range readPackages(t) {
		assert.Empty(t, p.shells, "%s: give a program and its arguments; a shell would read them as text", folder)
	}
}

func TestArchitecture_MigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^migrations/(\d{14}_[a-z]+(?:_[a-z]+)+)\.tx\.(up|down)\.sql$`)
	directions, times := map[string]int{}, map[string]string{}
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := form.FindStringSubmatch(file)
		if !assert.NotNil(t, name, "%s is not named YYYYMMDDHHMMSS_verb_noun.tx.up.sql or .tx.down.sql", file) {
			continue
		}
		directions[name[1]]++
		at := name[1][:14]
		assert.Contains(t, []string{"", name[1]}, times[at], "two migrations of one time have no order")
		times[at] = name[1]
	}
	for name, n := range directions {
		assert.Equal(t, 2, n, "%s needs both .tx.up.sql and .tx.down.sql", name)
	}
}

// violations lists the imports that the rule forbids.
func (r rule) violations(imports map[string][]string) []string {
	who, only, never := whole(r.who), whole(r.only), whole(r.never)
	var found []string
	for folder, list := range imports {
		if !who.MatchString(folder) || r.except != "" && whole(r.except).MatchString(folder) {
			continue
		}
		for _, imported := range list {
			foreign := r.only != "" && isOurs(imported) && !only.MatchString(imported)
			if foreign || r.never != "" && never.MatchString(imported) {
				found = append(found, folder+" imports "+imported)
			}
		}
	}
	slices.Sort(found)
	return found
}

// isOurs tells our folders from other modules, which have a domain, and from
// the standard library.
func isOurs(imported string) bool {
	return whole(`(internal|graph|cmd|agent)/.*|graph|resolvers|models|migrations|agent|client|web|bench|e2e`).MatchString(imported)
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// A pkg is what the rules ask about one folder's files, whatever their build tags.
type pkg struct {
	imports []string // of all files but tests; our own without the module
	docs    []string // files with a package comment
	shells  []string // calls that start a shell, in tests too
}

// readPackages parses every Go file. It does so itself, since `go test` knows
// when to run again only by the files that the test opens.
func readPackages(t *testing.T) map[string]*pkg {
	t.Helper()
	found := map[string]*pkg{}
	fset := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name != "." && strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || file == "data" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(file))
		if found[folder] == nil {
			found[folder] = &pkg{}
		}
		found[folder].add(file, parsed)
		return nil
	}))
	return found
}

func (p *pkg) add(file string, f *ast.File) {
	if f.Doc != nil {
		p.docs = append(p.docs, file)
	}
	p.shells = append(p.shells, shells(file, f)...)
	if strings.HasSuffix(file, "_test.go") {
		return
	}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the compiler will tell
		}
		p.imports = append(p.imports, strings.TrimPrefix(name, module+"/"))
	}
}

func shells(file string, f *ast.File) (found []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || fun.Sel.Name != "Command" && fun.Sel.Name != "CommandContext" {
			return true
		}
		for _, arg := range call.Args[:min(2, len(call.Args))] { // the program comes first, or after ctx
			if lit, ok := arg.(*ast.BasicLit); ok && whole(`"(/usr)?(/bin/)?(sh|bash|dash|zsh)"`).MatchString(lit.Value) {
				found = append(found, file+" starts "+lit.Value)
			}
		}
		return true
	})
	return found
}
