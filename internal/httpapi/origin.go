package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// An OriginList knows from which pages a browser may call the API.
type OriginList struct {
	allowed map[string]bool
	https   bool // the panel is reached by https alone
	proxies Proxies
}

// Origins allows the panel's own base URL and the origins that are listed. Proxies tell
// whether a request came by https.
func Origins(baseURL string, listed []string, proxies Proxies) *OriginList {
	l := &OriginList{allowed: map[string]bool{}, https: strings.HasPrefix(strings.ToLower(baseURL), "https://"), proxies: proxies}
	for _, s := range append(listed, baseURL) {
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			l.allowed[strings.ToLower(u.Scheme+"://"+u.Host)] = true
		}
	}
	return l
}

// Allow tells whether a request comes from an allowed page, or from no page at
// all: only browsers send Origin and Sec-Fetch-Site, and pages cannot forge them.
func (l *OriginList) Allow(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site") // a sibling may be a tenant's website
		return site == "" || site == "same-origin" || site == "none"
	}
	return l.allowed[strings.ToLower(origin)] || l.same(origin, r)
}

// same tells whether the page came from where the request goes to. A page without TLS is
// whoever's who is on the way, and no page of a panel with TLS.
func (l *OriginList) same(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) && (u.Scheme == "https" || !l.https && !l.proxies.secure(r))
}

// varyOrigin is not changed: who adds to it has a copy.
var varyOrigin = []string{"Origin"}

// cors lets allowed origins other than the panel's read answers.
func cors(l *OriginList, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Vary"] = varyOrigin // nobody was here before
		if origin := r.Header.Get("Origin"); origin != "" && l.Allow(r) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true") // the refresh token's cookie, which browsers send within a site
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-GraphQL-Event-Stream-Token")
				h.Set("Access-Control-Max-Age", "600")
			}
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
