package devstack

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mpanel/mpanel/internal/secret"
)

// Config describes one cluster. Dir and Password are required.
type Config struct {
	// Name is the log attribute "cluster"; by default the last part of Dir.
	Name string
	// Dir is the cluster's own folder. It is created, and given to the user
	// that runs PostgreSQL with mode 0700; the data goes in Dir/data. A folder
	// with other files in it is refused.
	Dir string
	// Listen is the IP address for TCP; "" means the unix socket only.
	Listen string
	// Port is the preferred TCP port; the next free one is taken, with a
	// warning, when it is busy, and any free one for 0. Without Listen it only
	// names the socket file, 5432 for 0.
	Port int
	// Superuser is the bootstrap superuser; by default postgres.
	Superuser string
	// Password of the superuser, one line. It is set when the data is made and
	// must be the same at each later start, unless the one of before is given.
	Password secret.Text
	// Earlier are passwords of which one may be the superuser's still; it is changed
	// to Password then.
	Earlier []secret.Text
	// Settings are further parameters of postgresql.conf; they win over this
	// package's own, except for those that Config itself decides.
	Settings map[string]string
	// HBA are the lines of pg_hba.conf, rewritten at each start; those of Access
	// come after them. By default
	// the superuser and everyone else log in with a password, by the socket
	// and, with Listen, from this machine.
	HBA []string
	// Durable is whether data must survive a crash of the machine. False is for
	// tests only: it trades that for speed.
	Durable bool
	// Search is where the programs are; by default Machine().
	Search Search
	// Log gets what PostgreSQL writes, line by line, at debug level; by default
	// nothing is logged.
	Log *slog.Logger
}

// maxNameLen is PostgreSQL's NAMEDATALEN-1, in bytes.
// https://www.postgresql.org/docs/current/limits.html
const maxNameLen = 63

// settingName is how PostgreSQL spells parameters, extensions' ones included.
var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// decided are the parameters that the rest of this package relies on.
var decided = []string{
	"config_file", "data_directory", "hba_file", "listen_addresses", "logging_collector",
	"port", "unix_socket_directories",
}

// validated returns the Config with its defaults. Dir becomes absolute.
func (c Config) validated() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("a cluster needs a folder")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, fmt.Errorf("folder of the cluster: %w", err)
	}
	c.Dir = dir
	c.Name = cmp.Or(c.Name, filepath.Base(dir))
	c.Superuser = cmp.Or(c.Superuser, "postgres")
	if len(c.Superuser) > maxNameLen || strings.ContainsAny(c.Superuser, "\x00\n") {
		return c, fmt.Errorf("superuser %q of cluster %s is not a name of at most %d bytes", c.Superuser, c.Name, maxNameLen)
	}
	if c.Password.IsZero() || strings.ContainsAny(c.Password.Reveal(), "\x00\r\n") {
		return c, fmt.Errorf("cluster %s needs a superuser's password of one line", c.Name)
	}
	if c.Listen != "" {
		if _, err := netip.ParseAddr(c.Listen); err != nil {
			return c, fmt.Errorf("cluster %s cannot listen on %q: give an IP address", c.Name, c.Listen)
		}
	} else {
		c.Port = cmp.Or(c.Port, 5432)
	}
	if c.Port < 0 || c.Port > maxPort {
		return c, fmt.Errorf("port %d of cluster %s is not between 0 and %d", c.Port, c.Name, maxPort)
	}
	for name, value := range c.Settings {
		if !settingName.MatchString(name) || strings.Contains(value, "\x00") {
			return c, fmt.Errorf("setting %q of cluster %s is not a parameter of PostgreSQL", name, c.Name)
		}
		if slices.Contains(decided, strings.ToLower(name)) {
			return c, fmt.Errorf("setting %s of cluster %s is not free: it follows from the other fields", name, c.Name)
		}
	}
	if c.HBA == nil {
		c.HBA = defaultHBA(c.Listen != "")
	}
	if c.Search == (Search{}) {
		c.Search = Machine()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With("cluster", c.Name)
	return c, nil
}

func defaultHBA(tcp bool) []string {
	lines := []string{"local all all scram-sha-256"}
	if tcp {
		lines = append(lines, "host all all 127.0.0.1/32 scram-sha-256", "host all all ::1/128 scram-sha-256")
	}
	return lines
}

// args are the arguments of postgres. They are public: ps shows them.
func (c Config) args(dataDir, socketDir string, port int) []string {
	settings := map[string]string{
		// Said in full, because initdb lowers it on a machine with little memory.
		"max_connections":         "100",
		"unix_socket_permissions": "0700", // root gets in all the same
		// A statement may hold a password or its verifier: it is never logged.
		"log_min_error_statement": "panic",
		"log_min_messages":        "warning",
		"log_destination":         "stderr",
		"log_line_prefix":         linePrefix,
		"lc_messages":             "C",
	}
	if !c.Durable {
		maps.Copy(settings, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB",
		})
	}
	maps.Copy(settings, c.Settings)
	maps.Copy(settings, map[string]string{
		"port":              strconv.Itoa(port),
		"listen_addresses":  c.Listen,
		"logging_collector": "off",
		// A list whose items may be quoted: a comma in the path is no border.
		"unix_socket_directories": `"` + strings.ReplaceAll(socketDir, `"`, `""`) + `"`,
	})
	args := []string{"-D", dataDir}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
