// Command check runs the analyzers of this repository; make lint calls it by way of
// go vet -vettool, which caches what it has seen.
package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/mpanel/mpanel/internal/analyzers"
)

func main() { unitchecker.Main(analyzers.All()...) }
