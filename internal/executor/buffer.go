package executor

import (
	"context"
	"slices"
	"sync"
)

// maxPooled is the largest memory that is kept for the next answer, in bytes.
const maxPooled = 1 << 20

var pooled = sync.Pool{New: func() any { return new([]byte) }}

// A Buffer is pooled memory for one answer. Who serves an operation makes it with
// what comes before the data, executes, has it completed, sends it and releases
// it. It has no memory before there is something to write: an operation may wait for
// long. The first answer that is executed with its context is written into it;
// whatever else is, such as a Shadow's comparison, has memory of its own. After
// Release nothing gets at the memory through the Buffer, which may outlive its
// request.
type Buffer struct {
	Head string // before the data; set before the buffer is used

	mu     sync.Mutex
	memory *[]byte // nil until something is written, and once released
	taken  bool
	over   bool // released
}

// begun gives the memory, with the head in it at least.
func (b *Buffer) begun() []byte {
	if b.memory == nil {
		b.memory, _ = pooled.Get().(*[]byte)
		*b.memory = append((*b.memory)[:0], b.Head...)
	}
	return *b.memory
}

// BufferKey is under which a context has the *Buffer that the first answer is written
// into that is executed with it. The answer's Data is good until the buffer is released:
// a middleware that keeps it copies it.
type BufferKey struct{}

// Complete gives the head, the data and the tail as one. Data that was written
// into the buffer is not copied; other data is.
func (b *Buffer) Complete(data, tail []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over { // nobody sends what was released
		return append([]byte(b.Head), data...)
	}
	whole := b.begun()
	if own := whole[len(b.Head):]; len(own) == 0 || len(own) != len(data) || &own[0] != &data[0] {
		whole = append(whole[:len(b.Head)], data...)
	}
	whole = append(whole, tail...)
	*b.memory = whole
	return whole
}

// Release gives the memory to others. Under the race detector it is spoilt, so
// that tests find who still reads it.
func (b *Buffer) Release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.memory == nil {
		return
	}
	if spoil {
		whole := (*b.memory)[:cap(*b.memory)]
		for i := range whole {
			whole[i] = '!'
		}
	}
	if cap(*b.memory) <= maxPooled {
		pooled.Put(b.memory)
	}
	b.memory = nil
}

// take gives the memory for about n bytes, behind what is in it; nil when there is
// no buffer or somebody has it.
func (b *Buffer) take(n int) []byte {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken || b.over {
		return nil
	}
	b.taken = true
	return slices.Grow(b.begun(), n)
}

// keep takes back what take gave, which may have moved.
func (b *Buffer) keep(whole []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.memory != nil {
		*b.memory = whole
	}
}

func bufferOf(ctx context.Context) *Buffer {
	b, _ := ctx.Value(BufferKey{}).(*Buffer)
	return b
}
