package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// AccessTokenTTL is how long an access token lasts.
const AccessTokenTTL = 15 * time.Minute

// What access tokens look like. The type tells them from every other token that
// the panel may sign one day; the audience tells who they are for.
const (
	tokenType     = "at+jwt"
	tokenKey      = "v1"
	tokenAudience = "mpanel"

	maxTokenBytes = 4096
	clockSkew     = 10 * time.Second // between the nodes' clocks
)

func newParser(issuer string, now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithIssuedAt(),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(tokenAudience),
		jwt.WithLeeway(clockSkew),
		jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	)
}

// claims are what an access token says.
type claims struct {
	jwt.RegisteredClaims

	// Session is the name that OpenID Connect has for it. An impersonation stands in
	// the place of one.
	Session string `json:"sid"`
}

// issue signs an access token of a session, which it does not outlive. Times in a
// token are whole seconds.
func (s *Service) issue(user ident.UserID, session ident.SessionID, until time.Time) (token string, expires time.Time, err error) {
	expires = s.now().Truncate(time.Second).Add(AccessTokenTTL)
	if until.Before(expires) {
		expires = until.Truncate(time.Second)
	}
	return s.sign(user, session.Opaque(), expires)
}

// sign makes an access token of a user, in a session or by an impersonation.
func (s *Service) sign(user ident.UserID, session string, expires time.Time) (token string, _ time.Time, err error) {
	now := s.now().Truncate(time.Second)
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{jwt.RegisteredClaims{
		Issuer:    s.issuer,
		Subject:   user.Opaque(),
		Audience:  jwt.ClaimStrings{tokenAudience},
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(expires),
		ID:        uuid.NewString(),
	}, session})
	t.Header["typ"], t.Header["kid"] = tokenType, tokenKey
	if token, err = t.SignedString(s.key); err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return token, expires, nil
}

// Authenticate gives the actor of an access token, be it of a session or of an
// impersonation, or of an API token. Disabled users and what is over are refused, and roles are read again after MaxActorAge, so that taking any
// of them away works within it.
// Error: fault.Unauthenticated, the same for everything wrong with the token or
// its user; the database's own when it does not answer.
func (s *Service) Authenticate(ctx context.Context, accessToken string) (*actor.Actor, error) {
	if isAPIToken(accessToken) {
		return s.authenticateAPIToken(ctx, accessToken)
	}
	now := s.now()
	k, ok := s.recent.token(accessToken, now)
	if ok && k.fresh(now) {
		return k.actor, nil
	}
	if !ok {
		var err error
		if k, err = s.verified(accessToken); err != nil {
			return nil, badToken(err)
		}
	}
	who, err := s.actorOf(ctx, k)
	if err != nil {
		return nil, err
	}
	who.Token = k.id
	k.actor, k.read = who, now
	s.recent.keep(accessToken, k)
	return who, nil
}

// badToken is the one answer to a token that is not accepted; why is for the log.
func badToken(why error) error {
	return fault.Unauthenticated.Wrap(why, "", "The access token is not valid or has expired; sign in again.")
}

// verified is what a token says that this panel made for access and that is not
// over.
func (s *Service) verified(accessToken string) (known, error) {
	var none known
	if len(accessToken) > maxTokenBytes {
		return none, errors.New("access token: too long")
	}
	var c claims
	if _, err := s.parser.ParseWithClaims(accessToken, &c, s.keyOf); err != nil {
		return none, fmt.Errorf("access token: %w", err)
	}
	// The library does not ask for iat, and takes any distance to exp.
	most := AccessTokenTTL
	impersonation := ident.ParseImpersonationID(c.Session)
	if !impersonation.IsZero() {
		most = MaxImpersonation
	}
	if c.IssuedAt == nil || c.ExpiresAt.Sub(c.IssuedAt.Time) > most {
		return none, errors.New("access token: its lifetime is missing or too long")
	}
	user, session := ident.ParseUserID(c.Subject), ident.ParseSessionID(c.Session)
	if user.IsZero() || session.IsZero() && impersonation.IsZero() {
		return none, errors.New("access token: its subject is not a user, or it is of no session")
	}
	return known{user: user, session: session, impersonation: impersonation, id: c.ID, expires: c.ExpiresAt.Time}, nil
}

// keyOf accepts exactly the header that issue writes: nothing in it chooses a
// key, and nothing unknown is overlooked. The parser checks alg.
func (s *Service) keyOf(t *jwt.Token) (any, error) {
	if len(t.Header) != 3 || t.Header["typ"] != tokenType || t.Header["kid"] != tokenKey {
		return nil, errors.New("not the header of an access token")
	}
	if len(s.others) == 0 {
		return s.key, nil
	}
	set := jwt.VerificationKeySet{Keys: []jwt.VerificationKey{s.key}}
	for _, k := range s.others {
		set.Keys = append(set.Keys, k)
	}
	return set, nil
}
