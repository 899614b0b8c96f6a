package live

import "github.com/mpanel/mpanel/internal/executor"

// abreast is for how many groups' memory a processor waits at once.
const abreast = 16

// near looks at some of what the answers of groups are made of. That lies in dozens of places,
// which are others for each of thousands of groups, so that no cache has them; and waiting for
// one after the other is most of what such an answer costs. Only what does not change without
// the source is looked at: nothing is locked. What it gives is of no interest.
//
//go:noinline
func near(groups []*group) (seen int) {
	for step := range executor.NearSteps {
		for _, g := range groups {
			seen += g.near(step) + g.reader.Near(step)
		}
	}
	return seen
}

func (g *group) near(step int) (seen int) {
	o := g.first.Load()
	switch {
	case o == nil:
	case step == 0:
		seen = len(o.Envelope) + len(o.ID)
	case step == 1:
		if len(o.Envelope) > 0 {
			seen = int(o.Envelope[0])
		}
		if c := o.conn; c.wire != nil && c.cancel != nil {
			seen += int(c.opened)
		}
	}
	return seen
}
