package web_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/web"
)

// kB is what people mean by it on the wire.
const kB = 1000

var (
	loadedAtOnce   = regexp.MustCompile(`(?:src|href)="/assets/([^"]+\.js)"`)
	importedAtOnce = regexp.MustCompile(`(?:from|import)\s*["'` + "`" + `]\./([A-Za-z0-9_.-]+\.js)["'` + "`" + `]`)
	importedBy     = regexp.MustCompile(`["'` + "`" + `]\./([A-Za-z0-9_.-]+\.js)["'` + "`" + `]`)
)

func unpacked(t *testing.T, name string) string {
	t.Helper()
	f, err := web.Files().Open(name + ".gz")
	require.NoError(t, err, "scripts/build-web makes it")
	defer func() { require.NoError(t, f.Close()) }()
	r, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func size(t *testing.T, script string) int {
	t.Helper()
	info, err := fs.Stat(web.Files(), path.Join("assets", script+".gz"))
	require.NoError(t, err)
	return int(info.Size())
}

// withImports adds a script and what it imports at once, as it is written: `import` and
// `from`, and not the function of that name.
func withImports(t *testing.T, script string, all map[string]bool) map[string]bool {
	t.Helper()
	if all[script] {
		return all
	}
	all[script] = true
	for _, m := range importedAtOnce.FindAllStringSubmatch(unpacked(t, "assets/"+script), -1) {
		withImports(t, m[1], all)
	}
	return all
}

// How much compressed JavaScript a page brings before it shows anything, and each
// script that comes later.
func TestSizes(t *testing.T) {
	t.Parallel()
	first := map[string]bool{}
	var ofApp []string
	for page, most := range map[string]int{"account.html": 150 * kB, "index.html": 240 * kB} {
		sum := 0
		for _, m := range loadedAtOnce.FindAllStringSubmatch(unpacked(t, page), -1) {
			sum += size(t, m[1])
			first[m[1]] = true
			if page == "index.html" {
				ofApp = append(ofApp, m[1])
			}
		}
		t.Logf("%s: %d kB of JavaScript at once", page, sum/kB)
		require.Positive(t, sum)
		require.LessOrEqual(t, sum, most, page)
	}
	scripts, err := fs.Glob(web.Files(), "assets/*.js.gz")
	require.NoError(t, err)
	require.Greater(t, len(scripts), 5)

	// The page that most people see first brings some more, until it is drawn and can be used;
	// charts and what is closed, such as the palette, come after that.
	dashboard, err := fs.Glob(web.Files(), "assets/dashboard-*.js.gz")
	require.NoError(t, err)
	require.Len(t, dashboard, 1)
	sum := 0
	for script := range withImports(t, path.Base(dashboard[0][:len(dashboard[0])-len(".gz")]), map[string]bool{}) {
		if !first[script] {
			sum += size(t, script)
		}
	}
	for script := range first {
		if slices.Contains(ofApp, script) {
			sum += size(t, script)
		}
	}
	t.Logf("the dashboard: %d kB of JavaScript until it is drawn", sum/kB)
	require.LessOrEqual(t, sum, 250*kB)

	for _, name := range scripts {
		script := path.Base(name[:len(name)-len(".gz")])
		if !first[script] {
			require.LessOrEqual(t, size(t, script), 80*kB, script)
		}
		// What a script needs is among the files, or the page would stay empty.
		for _, m := range importedBy.FindAllStringSubmatch(unpacked(t, "assets/"+script), -1) {
			size(t, m[1])
		}
	}
}

// Nothing is loaded from elsewhere, and nothing of this machine is in the files.
func TestPages_NothingFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"account.html", "index.html"} {
		text := unpacked(t, page)
		require.NotContains(t, text, "http://")
		require.NotContains(t, text, "https://")
		require.Contains(t, text, `nonce="{{nonce}}"`)
	}
	require.Contains(t, unpacked(t, "THIRD_PARTY.txt"), "react-dom")
}
