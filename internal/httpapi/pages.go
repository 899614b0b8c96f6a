package httpapi

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// show renders a page whose one script and style are allowed by a nonce.
func show(w http.ResponseWriter, name string) { showWith(w, name, "", nil) }

// showWith is show with what the page is about and more that it may do.
func showWith(w http.ResponseWriter, name, also string, about any) {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	nonce := base64.RawStdEncoding.EncodeToString(b)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'; "+
		"connect-src 'self'; "+also+"form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	_ = pages.ExecuteTemplate(w, name, struct {
		Nonce string
		About any
	}{nonce, about}) // the client may be gone
}

// accountPages are what links in e-mails lead to. They take nothing but the token after
// the #, which only the browser has.
func accountPages(mux *routes) {
	for _, name := range []string{"verify-email", "reset-password", "invitation"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { show(w, name+".html") })
	}
}

func setupPage(needed func(context.Context) (bool, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if open, err := needed(r.Context()); err != nil || !open {
			show(w, "home.html")
			return
		}
		show(w, "setup.html")
	}
}

func homePage(needed func(context.Context) (bool, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if open, err := needed(r.Context()); err == nil && open {
			show(w, "setup.html")
			return
		}
		show(w, "home.html")
	}
}
