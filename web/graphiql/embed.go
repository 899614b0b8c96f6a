// Package graphiql has GraphiQL's pages for the panel's graph, as scripts/build-web
// makes them of the sources beside it. Package httpapi serves them.
package graphiql

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the pages: index.html.gz, assets/*.gz named by the hash of their
// content, and THIRD_PARTY.txt.gz. None of them is there in a binary that was built
// before the pages were.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is valid
	}
	return files
}
