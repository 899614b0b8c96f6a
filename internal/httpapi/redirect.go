package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Redirect sends plain HTTP on to HTTPS: to the base URL, or to the name that was
// asked for when it is one of hosts. What is not a GET or a HEAD is refused: who
// sends it must learn that it was readable on its way.
func Redirect(base *url.URL, hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, c := range careful {
			h[c.name] = c.value
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			text(w, http.StatusBadRequest, "This is served over HTTPS only: "+base.String()+"\n")
			return
		}
		to := *base
		if name := (&url.URL{Host: r.Host}).Hostname(); name != to.Hostname() && slices.Contains(hosts, strings.ToLower(name)) {
			to.Host = strings.ToLower(name)
			if port := base.Port(); port != "" {
				to.Host += ":" + port
			}
		}
		// Path and query are what was asked for, below the root.
		to.Path, to.RawPath, to.RawQuery = "/"+strings.TrimLeft(r.URL.Path, "/"), "", r.URL.RawQuery
		h.Set("Location", to.String())
		text(w, http.StatusPermanentRedirect, "This is served over HTTPS only.\n")
	})
}
