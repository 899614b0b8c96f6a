package transport_test

// tokenAttempts are otherAttempts of API tokens and of staff who act as a user.
var tokenAttempts = map[string]func(p *panel, s tenant) attempt{
	"createApiToken for a customer": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"name": "deploy", "permissions": []string{"DATABASES_READ"}, "customerId": s.customer.Opaque()}}
	},
	"createApiToken for everything": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"name": "deploy", "permissions": []string{"DATABASES_READ"}}}
	},
	"revokeApiToken": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.apiToken.Opaque()}}
	},
	"impersonate": func(p *panel, s tenant) attempt {
		return attempt{token: p.staff(), input: vars{"userId": s.user.Opaque(), "reason": "ticket 4711: no backups", "minutes": 5}}
	},
	"endImpersonation": func(p *panel, s tenant) attempt {
		return attempt{token: p.acting(p.staff(), s.user, 5)}
	},
}
