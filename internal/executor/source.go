package executor

import "context"

// A Source has the events of one stream for several executions, which select differently
// of it and may do the same. The first of them opens it. The zero value is ready.
type Source struct {
	next func(context.Context) (any, bool)
}

// Next waits for the next event; it gives false when there are no more.
func (s *Source) Next(ctx context.Context) (event any, ok bool) { return s.next(ctx) }

// A Reader is the part that one execution has in a Source: it is given each event by hand,
// and its answer to that waits for nothing. It is not safe for concurrent use.
type Reader struct {
	source *Source
	reads  bool
	event  any
	own    *Projection // what the execution answers with once it reads, whatever the event
}

// Reader returns what one execution begins with. The next one may begin when the first
// has opened the source.
func (s *Source) Reader() *Reader { return &Reader{source: s} }

// Reads tells, once the execution has begun without an error, whether its answers are
// those of what Give gives. If not, it has a stream of its own: its selection takes resolvers.
func (r *Reader) Reads() bool { return r.reads }

// Give has the execution's next answer be that of an event of the source.
func (r *Reader) Give(event any) { r.event = event }

// Open is for the execution: one that can answer every event at once has the source opened
// with it, unless somebody has before, and reads. It gives false when it cannot be opened.
func (r *Reader) Open(open func() (next func(context.Context) (any, bool), ok bool)) bool {
	if r.source.next == nil {
		next, ok := open()
		if !ok {
			return false
		}
		r.source.next = next
	}
	r.reads = true
	return true
}

// Event is for the execution: what its next answer is of.
func (r *Reader) Event() any { return r.event }

type readerKey struct{}

// WithReader has the execution of a stream read from a source. That field, arguments
// and rights are the same as those of the others is the caller's to see to, and the
// field's resolver must not look at the selection.
func WithReader(ctx context.Context, r *Reader) context.Context {
	return context.WithValue(ctx, readerKey{}, r)
}

// ReaderFrom is what WithReader has put into the context; nil without.
func ReaderFrom(ctx context.Context) *Reader {
	r, _ := ctx.Value(readerKey{}).(*Reader)
	return r
}
