package httpapi

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// showWith renders a page whose one style is allowed by a nonce, with what it is about
// and more that it may do.
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
