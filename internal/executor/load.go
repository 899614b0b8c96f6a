package executor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// A run is one execution of a plan: first everything is loaded, then everything
// is written.
type run struct {
	plan   *Plan
	op     *graphql.OperationContext
	w      Writer
	ctx    runContext
	root   frame
	nobody [1]any    // the object of root fields
	only   [1]Column // most operations have one root field
	first  [1]task   // of it
	inputs func(generated any) *graphql.InputUnmarshalerIndex
	limit  int           // resolvers at work at the same time
	slots  chan struct{} // made when a second one is
	level  Level
	trail  []step // the way to the object that is being written
	// late are errors of values that fail while they are written. They are
	// forgotten with an object that is not written in the end.
	late gqlerror.List
}

// A task is a column that waits to be loaded.
type task struct {
	ctx context.Context //nolint:containedctx // what a middleware of the parent gave its children
	f   *frame
	col *column
	// over is called when it is loaded; nil when nobody waits for that.
	over func()
}

// gather reads what is in memory, down to what is not.
func (r *run) gather(ctx context.Context, f *frame, tasks []task) []task {
	for _, col := range f.node.columns {
		if col.field.inMemory() {
			r.fill(ctx, f, col)
			tasks = r.descend(ctx, f, col, tasks)
		} else {
			tasks = append(tasks, task{ctx: ctx, f: f, col: col})
		}
	}
	return tasks
}

func (r *run) descend(ctx context.Context, f *frame, col *column, tasks []task) []task {
	for _, kid := range r.children(f, col) {
		if kid != nil && len(kid.objects) > 0 { // nobody is asked about no objects
			tasks = r.gather(ctx, kid, tasks)
		}
	}
	return tasks
}

// do loads columns side by side, and whatever is below each as soon as it is
// there: nobody waits for the slowest of a level.
func (r *run) do(tasks []task) {
	switch len(tasks) {
	case 0:
	case 1:
		r.one(tasks[0])
	default:
		r.several(tasks)
	}
}

func (r *run) several(tasks []task) {
	if r.slots == nil { // nothing else is running yet
		r.slots = make(chan struct{}, r.limit)
	}
	var wg sync.WaitGroup
	for _, t := range tasks[1:] {
		wg.Go(func() { r.one(t) })
	}
	r.one(tasks[0])
	wg.Wait()
}

// enlist tells the level of columns that are about to be loaded: those that begin side
// by side, and within a level whatever comes next.
func (r *run) enlist(ctx context.Context, tasks []task, within bool) []task {
	if r.level != nil && (len(tasks) > 1 || within && len(tasks) > 0) {
		begin := r.level(ctx, len(tasks))
		for i := range tasks {
			tasks[i].ctx, tasks[i].over = begin(tasks[i].ctx, r.pause) //nolint:fatcontext // of another task each time
		}
	}
	return tasks
}

// pause gives the slot of a resolver to others for as long as it waits.
func (r *run) pause(wait func()) {
	<-r.slots
	defer func() { r.slots <- struct{}{} }()
	wait()
}

func (r *run) one(t task) {
	if t.over != nil {
		defer t.over() // whatever a middleware makes of it
	}
	if t.f.parent != nil {
		r.column(t)
		return
	}
	c := &t.f.columns[t.col.index]
	defer func() {
		if p := recover(); p != nil {
			c.discard(bareError{r.op.RecoverFunc(t.ctx, p)})
		}
	}()
	if r.op.RootResolverMiddleware == nil {
		r.column(t)
		return
	}
	ctx := graphql.WithRootFieldContext(t.ctx, &graphql.RootFieldContext{Object: t.col.selected.Name, Field: t.col.selected})
	standIn := &inPlace{r: r, f: t.f}
	root := r.op.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler {
		r.column(task{ctx, t.f, t.col, t.over})
		return standIn
	})
	if root == nil {
		root = graphql.Null
	}
	c.root, c.standIn = root, standIn
}

func (r *run) column(t task) {
	if r.slots != nil {
		r.slots <- struct{}{}
	}
	below := r.load(t.ctx, t.f, t.col)
	if r.slots != nil {
		<-r.slots
	}
	// Those below are enlisted before this one is over, so that nobody's reads go out
	// without theirs.
	tasks := r.enlist(below, r.descend(below, t.f, t.col, nil), t.over != nil)
	if t.over != nil {
		t.over()
	}
	r.do(tasks)
}

func (r *run) fill(ctx context.Context, f *frame, col *column) {
	c := &f.columns[col.index]
	defer func() {
		if p := recover(); p != nil {
			c.discard(bareError{r.op.RecoverFunc(withField(ctx, f.level(col)), p)})
		}
	}()
	col.field.Fill(f.objects, c)
}

// load fills one column. It gives the context for what is below.
func (r *run) load(ctx context.Context, f *frame, col *column) (below context.Context) {
	c, field := &f.columns[col.index], col.field
	if err := ctx.Err(); err != nil {
		c.all = err
		return ctx
	}
	if field.method() {
		r.methods(ctx, f, col, c)
		return ctx
	}
	ctx, fc := f.enter(ctx, col, r.op.RootResolverMiddleware == nil)
	below = ctx
	defer func() {
		if p := recover(); p != nil {
			c.discard(bareError{r.op.RecoverFunc(ctx, p)})
		}
	}()
	if field.Args != nil {
		args, err := field.Args(ctx, r.w.Generated, col.selected.ArgumentMap(r.op.Variables))
		if err != nil {
			c.all = argsError{err}
			return below
		}
		c.args, fc.Args = args, args
	}
	if field.Each != nil {
		return r.each(ctx, f, col, c, fc)
	}
	next := func(ctx context.Context) (any, error) {
		below = ctx //nolint:fatcontext // that of a middleware, once
		if field.Batch != nil {
			field.Batch(ctx, r.w.Generated, f.objects, fc.Args, c)
		} else if field.Fill != nil {
			field.Fill(f.objects, c)
		}
		return c, nil
	}
	if field.Directives != nil {
		resolve := next
		next = func(ctx context.Context) (any, error) {
			return field.Directives(ctx, r.w.Generated, Parents(f.objects), resolve)
		}
	}
	v, err := r.around(ctx, next)
	if fc.NonNull {
		c.required = make([]bool, len(f.objects))
		for i := range c.required {
			c.required[i] = true
		}
	}
	switch {
	case err != nil:
		c.discard(err)
	case v == nil:
		c.none = true
	case v != any(c):
		c.discard(bareError{fmt.Errorf("unexpected type %T from middleware/directive chain of a whole level", v)})
	}
	return below
}

// around calls a resolver within the middleware of fields, if there is one.
func (r *run) around(ctx context.Context, next graphql.Resolver) (any, error) {
	if r.op.ResolverMiddleware == nil {
		return next(ctx)
	}
	return r.op.ResolverMiddleware(ctx, next)
}

// methods calls a method of the model for each parent; it takes no context and
// is no resolver, so no middleware is told.
func (r *run) methods(ctx context.Context, f *frame, col *column, c *Column) {
	results := make([]any, len(f.objects))
	call := func(i int) {
		defer func() {
			if p := recover(); p != nil {
				c.setError(i, len(results), bareError{r.op.RecoverFunc(withField(ctx, f.element(i, col)), p)})
			}
		}()
		v, err := col.field.Each(ctx, r.w.Generated, f.objects[i], nil)
		if err != nil {
			c.setError(i, len(results), err)
			return
		}
		results[i] = v
	}
	for i := range results {
		call(i)
	}
	col.field.Collect(c, results)
}

// each calls a resolver for each parent. What is known of the level is known of the
// root's only object, too.
func (r *run) each(ctx context.Context, f *frame, col *column, c *Column, level *graphql.FieldContext) (below context.Context) {
	n, field := len(f.objects), col.field
	var results []any
	var errs []error
	var required []bool
	if n == 1 {
		one := new(struct {
			result   [1]any
			err      [1]error
			required [1]bool
		})
		results, errs, required = one.result[:], one.err[:], one.required[:]
	} else {
		results, errs, required = make([]any, n), make([]error, n), make([]bool, n)
	}
	below = ctx
	call := func(i int) {
		fc, ctx := level, ctx
		if f.parent != nil {
			fc = f.element(i, col)
			ctx = withField(ctx, fc)
		}
		defer func() {
			if p := recover(); p != nil {
				errs[i] = bareError{r.op.RecoverFunc(ctx, p)}
			}
		}()
		next := func(ctx context.Context) (any, error) {
			if n == 1 {
				below = ctx //nolint:fatcontext // that of a middleware, once
			}
			return field.Each(ctx, r.w.Generated, f.objects[i], fc.Args)
		}
		if field.Directives != nil {
			resolve := next
			next = func(ctx context.Context) (any, error) {
				return field.Directives(ctx, r.w.Generated, f.objects[i], resolve)
			}
		}
		results[i], errs[i] = r.around(ctx, next)
		required[i] = fc.NonNull
	}
	if field.Concurrent && n > 1 {
		r.share(n, call)
	} else {
		for i := range n {
			call(i)
		}
	}
	for i := range n {
		if errs[i] != nil {
			c.setError(i, n, errs[i])
			results[i] = nil
		}
		if required[i] {
			c.required = required
		}
	}
	field.Collect(c, results)
	return below
}

// share calls for each of n, on as many goroutines as there are slots left
// beside the caller's own.
func (r *run) share(n int, call func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			call(i)
		}
	}
	var wg sync.WaitGroup
	for range min(r.limit, n) - 1 {
		if r.slots == nil { // no other column is being loaded
			wg.Go(work)
			continue
		}
		select {
		case r.slots <- struct{}{}:
			wg.Go(func() { defer func() { <-r.slots }(); work() })
		default:
		}
	}
	work()
	wg.Wait()
}
