package executor

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds of the cache: nobody fills the memory by asking in many ways.
const (
	maxVariants = 64     // plans of one operation; more are made and forgotten
	maxFields   = 50_000 // of all plans; one takes about half a kilobyte
)

// A planCache keeps the plans of the operations that came last. An operation is
// known by its place in memory, so it is found again while the handler's cache
// of documents has it.
type planCache struct {
	tables *Tables

	mu         sync.Mutex
	operations *lru.LRU[*ast.OperationDefinition, *variants]
	fields     int // of all plans that are kept
}

// variants are the plans of one operation.
type variants struct {
	covered   bool
	variables []string // in @skip and @include

	mu    sync.Mutex
	plans map[string]*Plan

	fields  int // held by the cache's lock, as is:
	evicted bool
}

func newPlanCache(t *Tables, size int) (*planCache, error) {
	c := &planCache{tables: t}
	var err error
	c.operations, err = lru.NewLRU(size, func(_ *ast.OperationDefinition, v *variants) {
		v.evicted = true
		c.fields -= v.fields
	})
	return c, err
}

// plan gives the operation's plan; nil when it is not covered.
func (c *planCache) plan(op *graphql.OperationContext, root *Object) *Plan {
	v := c.variants(op, root)
	if !v.covered {
		return nil
	}
	key := make([]byte, 0, 16)
	for _, name := range v.variables {
		bit := byte('0')
		if is, _ := op.Variables[name].(bool); is {
			bit = '1'
		}
		key = append(key, bit)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.plans[string(key)]; p != nil {
		return p
	}
	if len(v.plans) >= maxVariants {
		return newPlan(c.tables, op, root, func(int) {})
	}
	p := newPlan(c.tables, op, root, func(fields int) { c.grown(v, fields) })
	v.plans[string(key)] = p
	return p
}

func (c *planCache) variants(op *graphql.OperationContext, root *Object) *variants {
	c.mu.Lock()
	v, ok := c.operations.Get(op.Operation)
	c.mu.Unlock()
	if ok {
		return v
	}
	made := &variants{covered: root != nil && covered(c.tables, op.Operation, op.Doc), plans: map[string]*Plan{}}
	if made.covered {
		made.variables = conditions(op.Operation, op.Doc)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.operations.Get(op.Operation); ok { // somebody was faster
		return v
	}
	c.operations.Add(op.Operation, made)
	c.add(made, weight(op.Operation))
	return made
}

// weight is what an operation's document takes, in fields of a plan: as long as a plan
// is kept, so is the document. A byte of text takes about forty.
func weight(op *ast.OperationDefinition) int {
	if op.Position == nil || op.Position.Src == nil {
		return 1
	}
	return 1 + len(op.Position.Src.Input)/12
}

// grown counts fields that were compiled for v, and drops the operations that
// were not used for longest when there are too many.
func (c *planCache) grown(v *variants, fields int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(v, fields)
}

// add has the lock held.
func (c *planCache) add(v *variants, fields int) {
	if v.evicted {
		return
	}
	v.fields += fields
	c.fields += fields
	for c.fields > maxFields && c.operations.Len() > 0 {
		c.operations.RemoveOldest()
	}
}

func (c *planCache) size() (operations, fields int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.operations.Len(), c.fields
}
