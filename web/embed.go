// Package web has the panel's web app, as scripts/build-web makes it of the sources
// beside it. Package httpapi serves it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the app: index.html.gz and account.html.gz, the pages; assets/*.gz named by
// the hash of their content; and THIRD_PARTY.txt.gz. None of them is there in a binary
// that was built before the pages were.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is valid
	}
	return files
}
