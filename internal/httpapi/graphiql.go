package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// graphiQLRoutes serve the pages of GraphiQL, which are compressed already.
type graphiQLRoutes struct{ files fs.FS }

func (g graphiQLRoutes) register(mux *routes) {
	mux.HandleFunc("GET /graphiql", g.index)
	mux.HandleFunc("GET /graphiql/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/graphiql", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /graphiql/assets/{file}", g.asset)
	mux.HandleFunc("GET /graphiql/THIRD_PARTY.txt", func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, "THIRD_PARTY.txt") })
}

// plainHost is a host that can stand in a policy: some characters that are allowed
// in a Host header would end a directive there.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// graphiQLPolicy lets the page reach its own origin alone. Monaco, the editor, writes
// style elements and attributes as it goes, and takes no nonce for them; what a
// style could fetch is bounded by the others. Its icons and pointers are data:
// addresses. Some browsers do not count sockets of the origin as 'self'.
func graphiQLPolicy(host string) string {
	connect := "'self'"
	if plainHost.MatchString(host) {
		connect += " ws://" + host + " wss://" + host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src " + connect +
		"; worker-src 'self'; img-src 'self' data:; font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}

func (g graphiQLRoutes) index(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", graphiQLPolicy(r.Host))
	w.Header().Set("Cache-Control", "no-cache")
	g.serve(w, r, "index.html")
}

func (g graphiQLRoutes) asset(w http.ResponseWriter, r *http.Request) {
	if strings.ContainsAny(r.PathValue("file"), `/\`) { // it was written %2F
		g.missing(w, "", fs.ErrNotExist)
		return
	}
	// A worker has the policy of its own file.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // the name has the content's hash
	g.serve(w, r, path.Join("assets", r.PathValue("file")))
}

// serve writes one file as it is kept, or unpacked to who takes no gzip.
func (g graphiQLRoutes) serve(w http.ResponseWriter, r *http.Request, name string) {
	packed, err := fs.ReadFile(g.files, name+".gz")
	if err != nil {
		g.missing(w, name, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Add("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(packed)))
		_, _ = w.Write(packed) // the client may be gone
		return
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		g.missing(w, name, err)
		return
	}
	_, _ = io.Copy(w, unpacked) //nolint:gosec // the binary's own files; and the client may be gone
}

func (g graphiQLRoutes) missing(w http.ResponseWriter, name string, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if name == "index.html" && errors.Is(err, fs.ErrNotExist) {
		text(w, http.StatusNotFound, "GraphiQL is not in this binary: it was built without. `make build` builds both; it needs Node.js 20.\n")
		return
	}
	text(w, http.StatusNotFound, "There is no such file.\n")
}

// contentType does not depend on what is installed on the machine.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css", ".html":
		return mime.TypeByExtension(ext)
	case ".ttf":
		return "font/ttf"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

// takesGzip reads Accept-Encoding: the name, or any, and not with a weight of 0.
func takesGzip(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "gzip" && name != "*" {
			continue
		}
		_, weight, given := strings.Cut(strings.ReplaceAll(parameters, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !given || err == nil && q > 0
	}
	return false
}
