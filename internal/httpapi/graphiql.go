package httpapi

import "net/http"

// graphiQLRoutes serve the pages of GraphiQL.
type graphiQLRoutes struct{ packed }

func (g graphiQLRoutes) register(mux *routes) {
	mux.HandleFunc("GET /graphiql", g.index)
	mux.HandleFunc("GET /graphiql/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/graphiql", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /graphiql/assets/{file}", g.asset)
	mux.HandleFunc("GET /graphiql/THIRD_PARTY.txt", g.thirdParty)
}

// graphiQLPolicy lets the page reach its own origin alone. Monaco, the editor, writes
// style elements and attributes as it goes, and takes no nonce for them; what a
// style could fetch is bounded by the others. Its icons and pointers are data:
// addresses.
func graphiQLPolicy(host string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src " + ownOrigin(host) +
		"; worker-src 'self'; img-src 'self' data:; font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}

func (g graphiQLRoutes) index(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", graphiQLPolicy(r.Host))
	w.Header().Set("Cache-Control", "no-cache")
	g.serve(w, r, "index.html")
}
