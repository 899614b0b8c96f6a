package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/outbound"
)

// dumpFolder is the folder of a node's dumps; two nodes may share a data dir.
func dumpFolder(dataDir, node string) string {
	return filepath.Join(dataDir, "dumps", url.PathEscape(node))
}

// files gives dumps to the routes.
type files struct{ dumps *database.DumpService }

func (f files) Download(ctx context.Context, token, client string, from int64) (*httpapi.File, error) {
	return file(f.dumps.Download(ctx, token, client, from))
}

func (f files) Peer(ctx context.Context, query url.Values) (*httpapi.File, error) {
	return file(f.dumps.Peer(ctx, query))
}

func (f files) Upload(ctx context.Context, token, client string, length int64, sum []byte, body io.Reader) ([]byte, error) {
	return f.dumps.Upload(ctx, token, client, length, sum, body)
}

func file(d *database.Download, err error) (*httpapi.File, error) {
	if err != nil {
		return nil, err
	}
	return &httpapi.File{Name: d.Name, SizeBytes: d.SizeBytes, SHA256: d.SHA256, Body: d.Body, Done: d.Done}, nil
}

// hideURL keeps the signature of a URL out of logs.
func hideURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// peers reads from other nodes. A node that says nothing for a while is away; a
// file may take its time.
var peers = outbound.NewClient(outbound.Options{Private: true})

func fromPeer(ctx context.Context, address string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("address of a node: %w", err)
	}
	res, err := peers.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask a node: %w", hideURL(err))
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		_ = res.Body.Close() // nothing of it is read
		return nil, fmt.Errorf("the node answered %s", res.Status)
	}
	return res.Body, nil
}
