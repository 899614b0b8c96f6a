// Package web has the panel's web app, as scripts/build-web makes it of the sources
// beside it. Package httpapi serves it.
package web

import (
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the app: index.html.gz and account.html.gz, the pages; assets/*.gz named by
// the hash of their content; THIRD_PARTY.txt.gz; and documents.json.gz, which is not
// served. None of them is there in a binary that was built before the pages were.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is valid
	}
	return files
}

// Documents are all GraphQL documents that the app sends, as a JSON object of texts by
// their SHA-256 in hexadecimal digits; nil in a binary without the pages.
func Documents() ([]byte, error) {
	f, err := Files().Open("documents.json.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the pages' documents: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("unpack the pages' documents: %w", err)
	}
	list, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack the pages' documents: %w", err)
	}
	return list, nil
}
