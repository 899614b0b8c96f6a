package executor

// NearSteps is how many steps Near has.
const NearSteps = 4

// Near looks at some of what the next answer is made of: each step at what the one before has
// led to. It is for who makes the answers of many readers one after the other, since a
// processor waits for the memory of several at once when it is asked for one right after the
// other. What it gives is of no interest.
func (r *Reader) Near(step int) (seen int) {
	p := r.own
	if p == nil {
		return 0
	}
	switch step {
	case 0:
		return len(p.kinds) + p.size + len(p.run.w.Buf) + len(p.run.late) + len(p.parent.columns)
	case 1:
		k := p.kinds[0]
		return int(p.key[0]) + p.col.index + len(p.out.key) + len(k.shape.outputs) + len(k.frame.node.columns)
	case 2:
		return p.kinds[0].shape.near()
	}
	for _, col := range p.kinds[0].frame.node.columns {
		for i := range col.kids {
			if n := col.kids[i].Load(); n != nil {
				seen += len(n.columns)
			}
		}
		for _, out := range col.outputs {
			for i := range out.shapes {
				if s := out.shapes[i].Load(); s != nil {
					seen += s.near()
				}
			}
		}
	}
	return seen
}

func (s *shape) near() (seen int) {
	for i := range s.outputs {
		seen += len(s.outputs[i].key)
	}
	if n := len(s.outputs); n > 0 {
		seen += int(s.outputs[0].key[0]) + int(s.outputs[n-1].key[0])
	}
	return seen
}
