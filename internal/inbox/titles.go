package inbox

import "cmp"

// titles say in words what each kind of job does, as the web app does in English.
var titles = map[string]string{
	"customer.suspend":           "Suspend a customer",
	"customer.resume":            "Resume a customer",
	"database.create":            "Create a database",
	"database.delete":            "Delete a database",
	"database.suspend":           "Suspend a database",
	"database.resume":            "Resume a database",
	"database.rotate":            "Rotate a password",
	"database.rotate_with_grace": "Rotate a password with grace",
	"database.retire_login":      "Retire an old login",
	"database.return_login":      "Return to the old login",
	"database.close":             "Close a database over its quota",
	"database.open":              "Open a database",
	"database.set_access":        "Change access",
	"database.export":            "Export a database",
	"database.import":            "Import a dump",
	"database.clone":             "Clone a database",
	"database.bulk":              "Change several databases",
	"database.repair":            "Repair a database",
	"database.recreate":          "Recreate a database",
	"database.adopt":             "Adopt a database",
	"database_user.create":       "Create a database user",
	"database_user.update":       "Change a database user",
	"database_user.rotate":       "Rotate a user's password",
	"database_user.delete":       "Delete a database user",
	"drift.remove_orphan":        "Remove an orphan",
}

// JobTitle says in words what a kind of job does; a kind that is not known is its own title.
func JobTitle(kind string) string { return cmp.Or(titles[kind], kind) }
