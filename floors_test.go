package main_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// floors are the versions from which on the known holes of a module are mended. make vuln
// looks for those of today; a module never goes back behind these.
var floors = map[string]struct{ version, why string }{
	"github.com/99designs/gqlgen":       {"v0.17.98", "the executor and the plugin are written for its templates and its runtime"},
	"github.com/golang-jwt/jwt/v5":      {"v5.2.2", "CVE-2025-30204: memory by a header of many dots; CVE-2024-51744: which error an expired token of a wrong signature gives"},
	"github.com/gorilla/websocket":      {"v1.4.1", "CVE-2020-27813: a length of a frame that overflows"},
	"github.com/jackc/pgx/v5":           {"v5.9.2", "CVE-2024-27304, CVE-2026-33815, CVE-2026-33816, CVE-2026-41889: SQL and memory by messages that overflow, and by the simple protocol"},
	"github.com/nats-io/nats-server/v2": {"v2.12.6", "CVE-2026-27571, CVE-2026-27889, CVE-2026-33217, CVE-2026-33219, CVE-2026-33222: memory before a sign-in, and others' subjects"},
	"github.com/uptrace/bun":            {"v1.2.15", "CVE-2024-44906, of its pgdriver, which is not used"},
	"github.com/vektah/gqlparser/v2":    {"v2.5.14", "CVE-2023-49559: directives without number"},
	"golang.org/x/crypto":               {"v0.45.0", "CVE-2024-45337, CVE-2025-22869, CVE-2025-47914, CVE-2025-58181: of ssh"},
	"golang.org/x/net":                  {"v0.38.0", "CVE-2023-39325, CVE-2023-44487: resets of HTTP/2; CVE-2024-45338, CVE-2025-22872: of html; CVE-2025-22870: proxies by a zone"},
	"golang.org/x/text":                 {"v0.3.8", "CVE-2022-32149: time by a header Accept-Language"},
	"google.golang.org/protobuf":        {"v1.33.0", "CVE-2024-24786: a loop without an end"},
}

// never are modules that are not to come in again, by whatever they are needed for.
var never = map[string]string{
	"github.com/uptrace/bun/driver/pgdriver": "CVE-2024-44906; PostgreSQL is spoken to by pgx",
	"github.com/dgrijalva/jwt-go":            "CVE-2020-26160; nobody keeps it",
	"github.com/golang-jwt/jwt":              "it is before v5",
	"github.com/golang-jwt/jwt/v4":           "it is before v5",
	"github.com/vektah/gqlparser":            "it is before v2",
	"github.com/jackc/pgx":                   "it is before v5",
	"github.com/jackc/pgx/v4":                "it is before v5",
	"github.com/gogo/protobuf":               "CVE-2021-3121",
}

func TestModules_NotBelowTheirFloors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	require.Empty(t, below(t, text))
	for name, old := range map[string]string{ // the test finds what it is for
		"an old one":   "github.com/golang-jwt/jwt/v5 v5.2.1",
		"a replaced":   "github.com/golang-jwt/jwt/v5 v5.3.1\nreplace github.com/golang-jwt/jwt/v5 => ../jwt",
		"a forbidden":  "github.com/uptrace/bun/driver/pgdriver v1.3.0",
		"an early one": "golang.org/x/net v0.38.0-rc.1",
	} {
		require.Len(t, below(t, []byte("module m\n\nrequire "+old+"\n")), 1, name)
	}
	parsed, err := modfile.Parse("go.mod", text, nil)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, r := range parsed.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	for path := range floors {
		assert.Contains(t, versions, path, "it is not needed any more: remove its floor")
	}
}

// below tells what a go.mod has that it must not.
func below(t *testing.T, text []byte) (list []string) {
	t.Helper()
	parsed, err := modfile.Parse("go.mod", text, nil)
	require.NoError(t, err)
	for _, r := range parsed.Require {
		if why, bad := never[r.Mod.Path]; bad {
			list = append(list, r.Mod.Path+": "+why)
		}
		if floor, ok := floors[r.Mod.Path]; ok && semver.Compare(r.Mod.Version, floor.version) < 0 {
			list = append(list, r.Mod.String()+" is before "+floor.version+": "+floor.why)
		}
	}
	for _, r := range parsed.Replace { // whose version says nothing
		if _, ok := floors[r.Old.Path]; ok || strings.HasPrefix(r.New.Path, ".") {
			list = append(list, r.Old.Path+" is replaced")
		}
	}
	return list
}
