package httpapi

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// webRoutes serve the web app: its page at each of its addresses, and the page of
// those who are not signed in, which links in e-mails lead to. Neither takes anything
// but what only the browser has, and both look the same to everybody.
type webRoutes struct {
	packed

	setupNeeded func(context.Context) (bool, error)
}

// accountPlaces are for those who are not signed in; the tokens of links stand after
// the #, which no server sees.
var accountPlaces = []string{"setup", "sign-in", "sign-up", "verify-email", "forgot-password", "reset-password", "invitation"}

// appPlaces are the app's, with what is below them; which of those there are the app
// knows, and whose they are the graph.
var appPlaces = []string{"customers", "databases", "jobs", "users", "servers", "drift", "audit", "security", "settings"}

func (s webRoutes) register(mux *routes) {
	app, account := s.page("index.html"), s.page("account.html")
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if open, err := s.setupNeeded(r.Context()); err == nil && open {
			http.Redirect(w, r, "/setup", http.StatusSeeOther)
			return
		}
		app(w, r)
	})
	for _, place := range appPlaces {
		mux.HandleFunc("GET /"+place, app)
		mux.HandleFunc("GET /"+place+"/{rest...}", app)
	}
	for _, place := range accountPlaces {
		mux.HandleFunc("GET /"+place, account)
	}
	mux.HandleFunc("GET /assets/{file}", s.asset)
	mux.HandleFunc("GET /THIRD_PARTY.txt", s.thirdParty)
}

// noncePlace is where the pages have room for the nonce of an answer.
const noncePlace = "{{nonce}}"

// page serves a page with a nonce of its own, without which none of its styles but
// those of its files count. Scripts are files.
func (s webRoutes) page(name string) http.HandlerFunc {
	text, err := s.unpacked(name)
	return func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			s.missing(w, name, err)
			return
		}
		b := make([]byte, 16)
		_, _ = rand.Read(b) // never fails since Go 1.24
		nonce := base64.RawStdEncoding.EncodeToString(b)
		h := w.Header()
		h.Set("Content-Type", contentType(name))
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; connect-src "+ownOrigin(r.Host)+
			"; img-src 'self' data:; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		_, _ = io.WriteString(w, strings.ReplaceAll(text, noncePlace, nonce)) // the client may be gone
	}
}

func (s webRoutes) unpacked(name string) (string, error) {
	f, err := s.files.Open(name + ".gz")
	if err != nil {
		return "", err //nolint:wrapcheck // the caller looks whether it is there
	}
	defer f.Close() //nolint:errcheck // it was read
	r, err := gzip.NewReader(f)
	if err != nil {
		return "", err //nolint:wrapcheck // as above
	}
	b, err := io.ReadAll(r)
	return string(b), err //nolint:wrapcheck // as above
}
