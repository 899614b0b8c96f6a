package transport

import (
	"net/http"
	"sync"
	"time"
)

// The cookie in which a browser keeps a refresh token. The prefix makes sure that
// neither another host nor a page without encryption has set it. Browsers refuse it,
// and Secure, on plain http, which is for development.
const (
	secureCookie = "__Host-mpanel_refresh"
	plainCookie  = "mpanel_refresh"
)

// A cookieJar is the actor.Keeper of one request and its one answer.
type cookieJar struct {
	request *http.Request
	secure  bool

	mu     sync.Mutex // a mutation that was given up may still be at work
	cookie *http.Cookie
}

// Kept implements actor.Keeper. Two cookies of the name, of which one was planted for
// another path or domain, are none.
func (j *cookieJar) Kept() string {
	if list := j.request.CookiesNamed(j.name()); len(list) == 1 {
		return list[0].Value
	}
	return ""
}

// Keep implements actor.Keeper.
func (j *cookieJar) Keep(secret string, until time.Time) {
	j.set(secret, max(1, int(time.Until(until).Seconds())))
}

// Forget implements actor.Keeper.
func (j *cookieJar) Forget() { j.set("", -1) }

func (j *cookieJar) name() string {
	if j.secure {
		return secureCookie
	}
	return plainCookie
}

func (j *cookieJar) set(value string, maxAge int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookie = &http.Cookie{ // #nosec G124 -- without Secure on plain http only
		Name: j.name(), Value: value, Path: "/", MaxAge: maxAge, Secure: j.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// write puts the last word into the answer's header.
func (j *cookieJar) write(h http.Header) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cookie != nil {
		h["Set-Cookie"] = []string{j.cookie.String()}
	}
}
