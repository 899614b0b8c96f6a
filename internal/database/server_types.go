package database

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// Limits of what is said of a server.
const (
	// MaxServerNameLen and MaxReasonLen are in characters.
	MaxServerNameLen = 100
	MaxReasonLen     = 200
	// maxAdminUserLen is PostgreSQL's NAMEDATALEN-1, in bytes.
	maxAdminUserLen = 63
	// maxAdminPasswordLen is in bytes.
	maxAdminPasswordLen = 1000

	defaultSSLMode      = "prefer"
	defaultGraceSeconds = 7 * 24 * 3600
)

// sslModes are libpq's. https://www.postgresql.org/docs/current/libpq-ssl.html
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// RegisterServerInput is the graph's RegisterDatabaseServerInput.
type RegisterServerInput struct {
	Name          string
	Host          string
	Port          int
	AdminUser     string
	AdminPassword secret.Text
	SSLMode       *string
}

// UpdateServerInput is the graph's UpdateDatabaseServerInput; nil leaves things as they are.
type UpdateServerInput struct {
	ID            ident.DatabaseServerID
	Name          *string
	Host          *string
	Port          *int
	AdminUser     *string
	AdminPassword *secret.Text
	SSLMode       *string
}

// CheckServerInput is the graph's CheckDatabaseServerInput.
type CheckServerInput struct{ ID ident.DatabaseServerID }

// RemoveServerInput is the graph's RemoveDatabaseServerInput.
type RemoveServerInput struct{ ID ident.DatabaseServerID }

// SetServerMaintenanceInput is the graph's SetDatabaseServerMaintenanceInput.
type SetServerMaintenanceInput struct {
	ID      ident.DatabaseServerID
	Enabled bool
	Reason  *string
}

// ServerPayload is the graph's payload of what changes a server.
type ServerPayload struct{ DatabaseServer *models.DatabaseServer }

// CheckServerPayload is the graph's CheckDatabaseServerPayload.
type CheckServerPayload struct {
	DatabaseServer *models.DatabaseServer
	Problems       []string
}

// RemoveServerPayload is the graph's RemoveDatabaseServerPayload.
type RemoveServerPayload struct{ ID ident.DatabaseServerID }

// Validate checks every field; all that is wrong comes together.
func (in RegisterServerInput) Validate() error {
	return fault.Join(checkLine("name", in.Name, "Give the server a name.", MaxServerNameLen), checkHost(in.Host), checkPort(in.Port),
		checkAdminUser(in.AdminUser), checkAdminPassword(in.AdminPassword), checkSSLMode(in.SSLMode))
}

// Validate checks the fields that are given.
func (in UpdateServerInput) Validate() error {
	faults := []*fault.Error{checkSSLMode(in.SSLMode)}
	if in.Name != nil {
		faults = append(faults, checkLine("name", *in.Name, "Give the server a name.", MaxServerNameLen))
	}
	if in.Host != nil {
		faults = append(faults, checkHost(*in.Host))
	}
	if in.Port != nil {
		faults = append(faults, checkPort(*in.Port))
	}
	if in.AdminUser != nil {
		faults = append(faults, checkAdminUser(*in.AdminUser))
	}
	if in.AdminPassword != nil {
		faults = append(faults, checkAdminPassword(*in.AdminPassword))
	}
	return fault.Join(faults...)
}

// movesServer tells whether more than the name is given.
func (in UpdateServerInput) movesServer() bool {
	return in.Host != nil || in.Port != nil || in.AdminUser != nil || in.AdminPassword != nil || in.SSLMode != nil
}

// Validate checks the reason, which only what begins has to have.
func (in SetServerMaintenanceInput) Validate() error {
	const missing = "Give a reason; customers read it while their jobs wait."
	switch {
	case !in.Enabled:
		return nil
	case in.Reason == nil:
		return fault.Invalid.New("reason", missing)
	}
	return fault.Join(checkLine("reason", *in.Reason, missing, MaxReasonLen))
}

// checkLine wants one line that a person can read.
func checkLine(field, s, missing string, limit int) *fault.Error {
	switch {
	case strings.TrimSpace(s) == "":
		return fault.Invalid.New(field, "%s", missing)
	case strings.TrimSpace(s) != s:
		return fault.Invalid.New(field, "Remove the spaces at the ends.")
	case !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit:
		return fault.Invalid.New(field, "At most %d characters.", limit)
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
	}):
		return fault.Invalid.New(field, "Line breaks and control characters are not allowed.")
	}
	return nil
}

// hostForm is a name of labels; underscores are no host name's by the book, but
// container networks have them.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$`)

// checkHost refuses the folder of a unix socket, among others: a socket is the
// panel's machine's own.
func checkHost(host string) *fault.Error {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		return nil
	}
	if len(host) > 253 || !hostForm.MatchString(host) {
		return fault.Invalid.New("host", "Give a host name or an IP address, without a port, such as db1.example.com.")
	}
	return nil
}

func checkPort(port int) *fault.Error {
	if port < 1 || port > 65535 {
		return fault.Invalid.New("port", "Between 1 and 65535.")
	}
	return nil
}

func checkAdminUser(user string) *fault.Error {
	if user == "" || len(user) > maxAdminUserLen || !utf8.ValidString(user) || strings.ContainsFunc(user, unicode.IsControl) {
		return fault.Invalid.New("adminUser", "Give the name of a role on the server, of 1 to %d bytes.", maxAdminUserLen)
	}
	return nil
}

func checkAdminPassword(password secret.Text) *fault.Error {
	p := password.Reveal()
	switch {
	case p == "":
		return fault.Invalid.New("adminPassword", "Give the role's password.")
	case len(p) > maxAdminPasswordLen || !utf8.ValidString(p) || strings.ContainsRune(p, 0):
		return fault.Invalid.New("adminPassword", "At most %d bytes of text.", maxAdminPasswordLen)
	}
	return nil
}

func checkSSLMode(mode *string) *fault.Error {
	if mode != nil && !slices.Contains(sslModes, *mode) {
		return fault.Invalid.New("sslMode", "One of %s.", strings.Join(sslModes, ", "))
	}
	return nil
}
