// Command gen is `gqlgen generate` with the executor's plugin: it makes the code
// of a schema, and the tables that package executor runs on.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"

	"github.com/mpanel/mpanel/internal/executor/plugin"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(out)
	file := flags.String("config", "gqlgen.yml", "gqlgen's configuration")
	levelSafe := flags.String("level-safe", "", "directives, with commas, that may run once for all objects of a level")
	runtime := flags.String("runtime", "github.com/mpanel/mpanel/internal/executor", "import path of package executor")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, err := config.LoadConfig(*file)
	if err != nil {
		return err
	}
	return api.Generate(cfg, api.AddPlugin(plugin.Plugin{
		Runtime:   *runtime,
		LevelSafe: strings.FieldsFunc(*levelSafe, func(r rune) bool { return r == ',' }),
	}))
}
