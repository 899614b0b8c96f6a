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
func show(w http.ResponseWriter, name string) {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	nonce := base64.RawStdEncoding.EncodeToString(b)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'; "+
		"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	_ = pages.ExecuteTemplate(w, name, struct{ Nonce string }{nonce}) // the client may be gone
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
