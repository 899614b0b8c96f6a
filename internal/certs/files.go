package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often files are looked at, at most, while there are handshakes.
const lookEvery = time.Second

// A fileSource shows the certificate of two files, and another one when they change.
type fileSource struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	state  [2]stamp // of the files that pair, or the last failure, is from
	looked time.Time
}

// A stamp tells versions of a file apart.
type stamp struct {
	at   time.Time
	size int64
}

func openFiles(c Config) (*fileSource, error) {
	if c.CertFile == "" || c.KeyFile == "" {
		return nil, errors.New("TLS from files needs a file with the certificate and one with its key")
	}
	f := &fileSource{certFile: c.CertFile, keyFile: c.KeyFile, log: c.Log}
	return f, f.reload()
}

func (f *fileSource) stamps() (s [2]stamp) {
	for i, name := range []string{f.certFile, f.keyFile} {
		if info, err := os.Stat(name); err == nil { // whoever reads it says what is wrong
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (f *fileSource) reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load(f.stamps())
}

func (f *fileSource) load(state [2]stamp) error {
	f.state, f.looked = state, time.Now()
	pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return fmt.Errorf("the certificate of %s and %s cannot be used: %w", f.certFile, f.keyFile, err)
	}
	f.pair = &pair
	return nil
}

func (f *fileSource) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) >= lookEvery {
		f.looked = time.Now()
		if state := f.stamps(); state != f.state {
			if err := f.load(state); err != nil { // the two may be written one after the other
				f.log.Error("the certificate of before is used on", "error", err)
			} else {
				f.log.Info("certificate read anew", "file", f.certFile)
			}
		}
	}
	return f.pair, nil
}

func (f *fileSource) certificates(context.Context) ([]*x509.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	leaf, err := leafOf(f.pair)
	return []*x509.Certificate{leaf}, err
}
