package executor

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// A planCache keeps the plans of the operations that came last. An operation is
// known by its place in memory, so it is found again while the handler's cache
// of documents has it.
type planCache struct {
	tables     *Tables
	operations *lru.Cache[*ast.OperationDefinition, *variants]
}

// variants are the plans of one operation.
type variants struct {
	covered   bool
	variables []string // in @skip and @include

	mu    sync.Mutex
	plans map[string]*Plan
}

func newPlanCache(t *Tables, size int) (*planCache, error) {
	operations, err := lru.New[*ast.OperationDefinition, *variants](size)
	return &planCache{t, operations}, err
}

// plan gives the operation's plan; nil when it is not covered.
func (c *planCache) plan(op *graphql.OperationContext, root *Object) *Plan {
	v, ok := c.operations.Get(op.Operation)
	if !ok {
		v = &variants{covered: root != nil && covered(c.tables, op.Operation, op.Doc), plans: map[string]*Plan{}}
		if v.covered {
			v.variables = conditions(op.Operation, op.Doc)
		}
		if first, ok, _ := c.operations.PeekOrAdd(op.Operation, v); ok {
			v = first
		}
	}
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
	p := v.plans[string(key)]
	if p == nil {
		p = newPlan(c.tables, op, root)
		if len(v.plans) < maxVariants {
			v.plans[string(key)] = p
		}
	}
	return p
}
