package devstack

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStart_FolderUnreachable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user runs PostgreSQL as itself")
	}
	dir := newFolder(t)
	closed := filepath.Dir(dir)
	require.NoError(t, os.Chmod(closed, 0o700))
	cfg, _ := newConfig(t, filepath.Join(dir, "inner"))
	owner, err := clusterAccount()
	require.NoError(t, err)
	require.Equal(t, "folder "+closed+" cannot be entered by user "+owner.name+
		": choose another folder with MPANEL_DATA_DIR, or run: chmod o+x "+closed, startError(t, cfg))

	require.NoError(t, os.Chmod(dir, 0o700))
	require.Contains(t, startError(t, cfg), "chmod o+x "+closed+" "+dir, "all of them in one go")
}

func TestStart_FolderNotOurs(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"somebody's files":          {map[string]string{"letter.txt": "hello"}, "has other files in it"},
		"data that is not postgres": {map[string]string{"data/letter.txt": "hello"}, "is not a PostgreSQL data folder"},
		"data without a version":    {map[string]string{"data/PG_VERSION": "hello\n"}, `PG_VERSION says "hello\n"`},
		"data of an old version":    {map[string]string{"data/PG_VERSION": "9.6\n"}, "was made by PostgreSQL 9, but this machine has only PostgreSQL"},
		"data of a future version":  {map[string]string{"data/PG_VERSION": "9999\n"}, "apt-get install -y postgresql-9999"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := newConfig(t, newFolder(t))
			for name, text := range tc.files {
				path := filepath.Join(cfg.Dir, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			require.Contains(t, startError(t, cfg), tc.want)
			for name, text := range tc.files {
				got, err := os.ReadFile(filepath.Join(cfg.Dir, name))
				require.NoError(t, err)
				require.Equal(t, text, string(got), "left as it was")
			}
		})
	}
}

func TestStart_PathTooLongForSocket(t *testing.T) {
	cfg, _ := preparedConfig(t)
	long := filepath.Join(filepath.Dir(newFolder(t)), strings.Repeat("l", 100))
	short := cfg.Dir
	require.NoError(t, os.Rename(short, long)) // saves an initdb
	t.Cleanup(func() { require.NoError(t, os.Rename(long, short)) })
	cfg.Dir = long

	c := start(t, cfg)
	dir := c.SocketDir()
	require.Equal(t, os.TempDir(), filepath.Dir(dir))
	require.Equal(t, "1", query(t, c, "SELECT '1'"))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.ModeDir|0o700, info.Mode())
	stop(t, c)
	require.NoDirExists(t, dir)

	t.Run("a link is in its place", func(t *testing.T) {
		require.NoError(t, os.Symlink(short, dir))
		defer func() { require.NoError(t, os.Remove(dir)) }()
		require.Contains(t, startError(t, cfg), "is not a folder")
	})
	t.Run("a folder open to others is in its place", func(t *testing.T) {
		require.NoError(t, os.Mkdir(dir, 0o755))
		defer func() { _ = os.Remove(dir) }()
		require.Regexp(t, "is open to others|belongs to user id", startError(t, cfg))
	})
	t.Run("somebody else's folder is in its place", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can give a folder away")
		}
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.Chown(dir, 12345, 12345))
		defer func() { _ = os.Remove(dir) }()
		require.Contains(t, startError(t, cfg), "belongs to user id 12345")
	})
	t.Run("the temporary folder is too long as well", func(t *testing.T) {
		t.Setenv("TMPDIR", long)
		require.Contains(t, startError(t, cfg), "set TMPDIR")
	})
}

func TestSearch_Newest(t *testing.T) {
	dir := newFolder(t)
	program := func(name string, mode os.FileMode) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, mode))
	}
	for _, name := range []string{"some/9/bin/", "some/15/bin/", "some/not-a-number/bin/", "clients/15/bin/"} {
		program(name+"initdb", 0o755)
	}
	for _, name := range []string{"some/9/bin/", "some/15/bin/", "some/not-a-number/bin/"} {
		program(name+"postgres", 0o755)
	}
	program("some/16/bin/postgres", 0o755) // without initdb
	program("some/17/bin/postgres", 0o644)
	program("some/17/bin/initdb", 0o755)
	installed, err := FindBinaries()
	require.NoError(t, err)
	links := filepath.Join(dir, "links")
	require.NoError(t, os.MkdirAll(links, 0o755))
	require.NoError(t, os.Symlink(installed.program("postgres"), filepath.Join(links, "postgres")))

	for name, tc := range map[string]struct {
		search Search
		want   Binaries
	}{
		"newest by number":       {Search{Root: dir + "/some"}, Binaries{dir + "/some/15/bin", 15}},
		"before PATH":            {Search{Root: dir + "/some", Path: installed.Dir}, Binaries{dir + "/some/15/bin", 15}},
		"PATH, by a link":        {Search{Root: dir + "/clients", Path: "/nowhere:" + links}, installed},
		"PATH itself":            {Search{Root: "/nowhere", Path: installed.Dir}, installed},
		"only client programs":   {Search{Root: dir + "/clients"}, Binaries{}},
		"nothing anywhere":       {Search{Root: "/nowhere", Path: "/nowhere"}, Binaries{}},
		"zero value":             {Search{}, Binaries{}},
		"broken program in PATH": {Search{Path: dir + "/some/9/bin"}, Binaries{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.search.Newest()
			require.Equal(t, tc.want, got)
			if tc.want == (Binaries{}) {
				require.ErrorContains(t, err, "PostgreSQL is not installed: run: ")
				require.ErrorContains(t, err, "apt-get install -y postgresql")
			}
		})
	}
}

func TestStart_NotInstalled(t *testing.T) {
	cfg, _ := newConfig(t, newFolder(t))
	cfg.Search = Search{Root: "/nowhere"}
	require.Contains(t, startError(t, cfg), "PostgreSQL is not installed")
	require.NoDirExists(t, cfg.Dir)
}

func TestStart_NewerProgramsInstalled(t *testing.T) {
	cfg, _ := preparedConfig(t)
	installed, err := FindBinaries()
	require.NoError(t, err)
	root := newFolder(t)
	require.NoError(t, os.MkdirAll(root+"/9999/bin", 0o755))
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(root+"/9999/bin/"+name, nil, 0o755))
	}
	cfg.Search = Search{Root: root, Path: installed.Dir}
	c := start(t, cfg)
	require.Equal(t, installed.Dir, c.BinDir())
}

func TestOutput_Levels(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"ordinary":                      {"00000 [7] LOG:  checkpoint starting", "DEBUG"},
		"error":                         {"42601 [7] ERROR:  syntax error", "DEBUG"},
		"fatal":                         {"28P01 [7] FATAL:  password authentication failed", "WARN"},
		"panic":                         {"XX000 [7] PANIC:  could not write", "WARN"},
		"still starting":                {"57P03 [7] FATAL:  the database system is starting up", "DEBUG"},
		"session ended by us":           {"57P01 [7] FATAL:  terminating connection", "DEBUG"},
		"a statement that says FATAL":   {"42601 [7] STATEMENT:  00000 [7] FATAL:  x", "DEBUG"},
		"nothing":                       {"", "DEBUG"},
		"a line longer than one buffer": {strings.Repeat("x", 3*maxLine), "DEBUG"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, j := newConfig(t, "/nowhere")
			out := newOutput(cfg.Log)
			readLines(strings.NewReader(tc.line+"\nsecond\n"), out.line)
			require.Equal(t, tc.want == "WARN", j.count("level=WARN") == 1)
			require.Contains(t, j.String(), "line=second", "a long line stops nothing")
		})
	}
}

// A cluster is never started, nor changed, by programs of another major version.
func TestStart_DataOfANewerVersion(t *testing.T) {
	cfg, _ := preparedConfig(t)
	installed, err := FindBinaries()
	require.NoError(t, err)
	version := filepath.Join(cfg.Dir, versionName)
	require.NoError(t, os.WriteFile(version, []byte("9999\n"), 0o600))
	before, err := os.ReadFile(filepath.Join(cfg.Dir, dataName, "global/pg_control"))
	require.NoError(t, err)

	told := startError(t, cfg)
	require.Contains(t, told, "was made by PostgreSQL 9999, but this machine has only PostgreSQL "+strconv.Itoa(installed.Major))
	require.Contains(t, told, "apt-get install -y postgresql-9999")
	require.Contains(t, told, "MPANEL_DATA_DIR")
	after, err := os.ReadFile(filepath.Join(cfg.Dir, dataName, "global/pg_control"))
	require.NoError(t, err)
	require.Equal(t, before, after)

	require.NoError(t, os.WriteFile(version, []byte(strconv.Itoa(installed.Major)+"\n"), 0o600))
	start(t, cfg)
}
