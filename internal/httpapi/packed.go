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

// packed are files that were compressed when they were built, each kept as its name
// and .gz; those of assets/ have the hash of their content in their names.
type packed struct{ files fs.FS }

// plainHost is a host that can stand in a policy: some characters that are allowed
// in a Host header would end a directive there.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// ownOrigin is the page's own origin, as a policy has it. Some browsers do not count
// sockets of the origin as 'self'.
func ownOrigin(host string) string {
	if !plainHost.MatchString(host) {
		return "'self'"
	}
	return "'self' ws://" + host + " wss://" + host
}

// asset serves one of assets/ for good.
func (p packed) asset(w http.ResponseWriter, r *http.Request) {
	if strings.ContainsAny(r.PathValue("file"), `/\`) { // it was written %2F
		p.missing(w, "", fs.ErrNotExist)
		return
	}
	// A worker has the policy of its own file.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	p.serve(w, r, path.Join("assets", r.PathValue("file")))
}

// thirdParty serves what others wrote of the pages, and under which licences.
func (p packed) thirdParty(w http.ResponseWriter, r *http.Request) { p.serve(w, r, "THIRD_PARTY.txt") }

// serve writes one file as it is kept, or unpacked to who takes no gzip.
func (p packed) serve(w http.ResponseWriter, r *http.Request, name string) {
	packed, err := fs.ReadFile(p.files, name+".gz")
	if err != nil {
		p.missing(w, name, err)
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
		p.missing(w, name, err)
		return
	}
	_, _ = io.Copy(w, unpacked) //nolint:gosec // the binary's own files; and the client may be gone
}

func (p packed) missing(w http.ResponseWriter, name string, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if path.Ext(name) == ".html" && errors.Is(err, fs.ErrNotExist) {
		text(w, http.StatusNotFound, "These pages are not in this binary: it was built without. `make build` builds both; it needs Node.js 20.\n")
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
	case ".svg":
		return "image/svg+xml"
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
