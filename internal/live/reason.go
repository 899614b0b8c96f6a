package live

// A Reason is why the panel ends a connection. Each wire has its own way to say
// it; the text never has anything that the client sent.
type Reason struct {
	Name string // of the metric
	Code int    // of a WebSocket's close
	Text string
}

// Why connections are ended by the core. Usual clients take 4403 and 1012 for a
// reason to connect again, and know nothing of 42xx, which is ours, so that they
// do the same with it.
var (
	Restarting  = Reason{"restarting", 1012, "The server restarts"}
	Unavailable = Reason{"unavailable", 1013, "Try again later"}
	Forbidden   = Reason{"forbidden", 4403, "Forbidden"}
	Revoked     = Reason{"revoked", 4403, "Access was changed or taken back"}
	InitTimeout = Reason{"init_timeout", 4408, "Connection initialisation timeout"}
	Slow        = Reason{"slow", 4290, "Too slow to read"}
	Silent      = Reason{"silent", 4291, "Nothing was heard"}
	TooMany     = Reason{"too_many_connections", 4292, "Too many connections"}
)
