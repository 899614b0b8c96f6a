package pgdump

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/mpanel/mpanel/internal/command"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// What compressed data may have suffered on its way.
var (
	errDamaged   = fault.Invalid.Permanent("", "The dump is damaged: it cannot be decompressed.")
	errTruncated = fault.Invalid.Permanent("", "The dump is truncated: its compressed data ends too early.")
)

// A stream is SQL and rows of a dump, whatever its format is.
type stream struct {
	io.Reader

	limit int64
	read  *atomic.Int64
	n     int64
	ended bool         // the reader was read to its end
	run   *program     // what writes it; nil for a file
	gzip  *gzip.Reader // nil when it is not compressed
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.n += int64(n)
	if s.read != nil {
		s.read.Add(int64(n))
	}
	if s.limit > 0 && s.n > s.limit {
		return n, fault.Invalid.Permanent("", "The dump unfolds to more than the %d bytes that an upload of this size may have.", s.limit)
	}
	s.ended = s.ended || errors.Is(err, io.EOF)
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), isCorrupt(err):
		err = errDamaged
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errTruncated
	}
	return n, err
}

// finish waits for the program that writes the stream and tells whether it ended well.
func (s *stream) finish() error {
	if s.run == nil {
		return nil
	}
	return s.run.wait()
}

// explain prefers the cause to what came of it: what the program says of an early
// end, or that the data is damaged, which gzip knows at their end only.
func (s *stream) explain(err error) error {
	if s.gzip != nil && fault.CodeOf(err) == fault.Invalid {
		if _, own := io.Copy(io.Discard, s); errors.Is(own, errDamaged) || errors.Is(own, errTruncated) {
			return own
		}
	}
	if s.run == nil || !s.ended {
		return err
	}
	if own := s.run.wait(); own != nil {
		return own
	}
	return err
}

// end stops what still runs.
func (s *stream) end() {
	if s.run != nil {
		s.run.stop()
	}
	if s.gzip != nil {
		_ = s.gzip.Close() // only read
	}
}

// unfold opens a dump by its first bytes.
func (t *Tools) unfold(ctx context.Context, dump io.ReadSeeker, limit database.DumpLimit, read *atomic.Int64) (*stream, database.DumpFormat, error) {
	if _, err := dump.Seek(0, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("read dump: %w", err)
	}
	in := bufio.NewReaderSize(dump, readAhead)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("read dump: %w", err)
	}
	switch {
	case len(head) == 0:
		return nil, "", fault.Invalid.Permanent("", "The dump is empty.")
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", errDamaged
		}
		return &stream{Reader: z, limit: limit.RawBytes, read: read, gzip: z}, database.DumpPlainGzip, nil
	case bytes.HasPrefix(head, []byte("PGDMP")):
		s, err := t.restore(ctx, dump, limit, read)
		return s, database.DumpCustom, err
	case bytes.HasPrefix(head, []byte("PK")), bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), bytes.HasPrefix(head, []byte("BZh")), bytes.HasPrefix(head, []byte("\xfd7zXZ")):
		return nil, "", fault.Invalid.Permanent("", "The dump is compressed in a way that the panel does not read; use gzip, or pg_dump's custom format.")
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return nil, "", fault.Invalid.Permanent("", "This is a tar archive; use pg_dump's plain or custom format.")
	case bytes.IndexByte(head, 0) >= 0:
		return nil, "", fault.Invalid.Permanent("", "This is not a dump: neither SQL text, nor gzip, nor pg_dump's custom format.")
	}
	return &stream{Reader: in, limit: limit.RawBytes, read: read}, database.DumpPlain, nil
}

// restore has pg_restore write an archive as SQL. It gets neither a server nor a
// file name; what it writes is read as any other dump.
func (t *Tools) restore(ctx context.Context, dump io.ReadSeeker, limit database.DumpLimit, read *atomic.Int64) (*stream, error) {
	if _, err := dump.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read dump: %w", err)
	}
	path, err := t.newest("pg_restore")
	if err != nil {
		return nil, err
	}
	cmd := command.New(ctx, path, "--file=-", "--no-owner", "--no-acl", "--no-tablespaces", "--format=custom")
	cmd.Stdin = dump
	run, err := start(cmd, "pg_restore")
	if err != nil {
		return nil, err
	}
	return &stream{Reader: run.out, limit: limit.RawBytes, read: read, run: run}, nil
}
