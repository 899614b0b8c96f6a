package transport_test

// otherAttempts has the mutations that attempts does not have. What one does in more
// ways than one has a name of several words, of which the first is the mutation's.
var otherAttempts = map[string]func(p *panel, s tenant) attempt{
	"createCustomer": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"name": "Fresh", "email": "fresh@example.com"}}
	},
	"updateCustomer": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.customer.Opaque(), "name": "Renamed"}}
	},
	"archiveCustomer": func(p *panel, s tenant) attempt {
		p.exec("DELETE FROM drift_findings WHERE customer_id = ?", s.customer)
		p.exec("DELETE FROM database_dumps WHERE database_id = ?", s.database)
		p.exec("DELETE FROM database_users WHERE database_id = ?", s.database)
		p.exec("DELETE FROM databases WHERE id = ?", s.database)
		p.exec("UPDATE customer_quotas SET used = 0 WHERE customer_id = ?", s.customer)
		return attempt{token: p.staff(), input: vars{"id": s.customer.Opaque()}}
	},
	"cancelJob": func(p *panel, s tenant) attempt {
		p.exec("UPDATE jobs SET state = 'PENDING' WHERE id = ?", s.job)
		p.exec("UPDATE job_steps SET state = 'PENDING' WHERE job_id = ?", s.job)
		return attempt{token: s.token, input: vars{"id": s.job.Opaque()}}
	},
	"retryJob": func(p *panel, s tenant) attempt {
		p.exec("UPDATE jobs SET state = 'RUNNING', waiting_for = 'The server does not answer.', next_attempt_at = now() + interval '1 hour' WHERE id = ?", s.job)
		return attempt{token: s.token, input: vars{"id": s.job.Opaque()}}
	},
	"createDatabaseDumpUrl": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.dump.Opaque()}}
	},
	"createDatabaseUpload": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"databaseId": s.database.Opaque()}}
	},
	"deleteDatabaseDump": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.dump.Opaque()}}
	},
	"setDatabaseDriftPolicy": ofDatabase(vars{"policy": "REPORT"}),
	"registerDatabaseServer": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"name": "fresh", "host": "fresh.example.com", "port": 5432, "adminUser": "admin", "adminPassword": "canary-admin", "sslMode": "prefer"}}
	},
	"updateDatabaseServer": ofServer(vars{"adminPassword": "canary-admin", "name": "renamed"}),
	"checkDatabaseServer":  ofServer(nil),
	"removeDatabaseServer": ofServer(nil),
	"surveyDatabaseServer": ofServer(nil),
	"releaseDriftBrake": func(p *panel, s tenant) attempt {
		a := ofServer(nil)(p, s)
		p.exec("UPDATE database_servers SET drift_brake = 'ON'")
		return a
	},
	"setDatabaseServerMaintenance": ofServer(vars{"enabled": true, "reason": "Cables."}),
}

// ofServer is of a server that nothing is on.
func ofServer(more vars) func(*panel, tenant) attempt {
	return func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: with(more, "id", p.addServer().Opaque())}
	}
}
