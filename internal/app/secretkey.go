package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/secret"
)

// The secret key of the embedded default, in the data dir.
const (
	keyFile    = "secret.key"
	oldKeyFile = "secret.key.old" // the one of before, while it is being changed
)

// embeddedBox reads the secret key from the configuration or the data dir, and
// makes one at the first start.
func embeddedBox(o config.Options) (*secret.Box, error) {
	if !o.SecretKey.IsZero() {
		return boxOf(o, o.SecretKey)
	}
	key, err := readKey(filepath.Join(o.DataDir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(o.DataDir, 0o755); err != nil { // #nosec G301 -- as in startEmbedded
			return nil, fmt.Errorf("make the data dir: %w", err)
		}
		key, err = makeKey(filepath.Join(o.DataDir, keyFile))
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	old, err := readKey(filepath.Join(o.DataDir, oldKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the secret key of before: %w", err)
	}
	return boxOf(o, key, old)
}

func readKey(path string) (secret.Text, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the operator's own folder
	return secret.New(strings.TrimSpace(string(b))), err
}

// makeKey writes a key as a whole or not at all, and never over another.
func makeKey(path string) (secret.Text, error) {
	tmp, err := newKey(filepath.Dir(path))
	if err != nil {
		return secret.Text{}, err
	}
	err = os.Link(tmp, path)
	err = errors.Join(err, os.Remove(tmp))
	if err != nil && !errors.Is(err, fs.ErrExist) { // another process may have been first
		return secret.Text{}, err
	}
	return readKey(path)
}

// newKey writes a new key into a file of a folder, with mode 0600.
func newKey(dir string) (path string, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	tmp, err := os.CreateTemp(dir, ".secret-*")
	if err != nil {
		return "", err
	}
	_, err = tmp.WriteString(hex.EncodeToString(raw) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(tmp.Name()))
	}
	return tmp.Name(), nil
}

// renewKey puts a new key in place of the one in the data dir, which is kept as the
// one of before. A change that was broken off is gone on with: both keys are there
// at any point, so that either opens what is under it.
func renewKey(dir string) error {
	path, old := filepath.Join(dir, keyFile), filepath.Join(dir, oldKeyFile)
	now, err := readKey(path)
	if err != nil {
		return fmt.Errorf("read the secret key: %w", err)
	}
	switch before, err := readKey(old); {
	case err == nil && before != now:
		return nil // the new one is there already
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Link(path, old); err != nil {
			return fmt.Errorf("keep the secret key of before: %w", err)
		}
	case err != nil:
		return fmt.Errorf("read the secret key of before: %w", err)
	}
	tmp, err := newKey(dir)
	if err != nil {
		return fmt.Errorf("make a secret key: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(fmt.Errorf("put the new secret key in place: %w", err), os.Remove(tmp))
	}
	return syncFolder(dir)
}

// dropOldKey removes the key of before, once nothing is under it.
func dropOldKey(dir string) error {
	err := os.Remove(filepath.Join(dir, oldKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncFolder(dir))
}

// syncFolder makes renames in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
