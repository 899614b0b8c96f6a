package membus_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/events/membus"
)

func TestBus_DeliversToItsTopicOnly(t *testing.T) {
	t.Parallel()
	b := &membus.Bus{}
	one, endOne := b.Subscribe("a")
	two, endTwo := b.Subscribe("a")
	other, endOther := b.Subscribe("b")
	defer endTwo()
	defer endOther()
	b.Publish("a", 1)
	require.Equal(t, 1, <-one)
	require.Equal(t, 1, <-two)
	require.Empty(t, other)
	endOne()
	endOne() // twice does no harm
	b.Publish("a", 2)
	require.Equal(t, 2, <-two)
	require.Empty(t, one, "nothing after the end")
}

func TestBus_FullBufferLosesTheNewestAndBlocksNobody(t *testing.T) {
	t.Parallel()
	b := &membus.Bus{}
	slow, end := b.Subscribe("a")
	defer end()
	for i := range membus.Buffer + 10 {
		b.Publish("a", i)
	}
	require.Len(t, slow, membus.Buffer)
	require.Equal(t, 0, <-slow, "in order from the first")
}

func TestBus_ComingAndGoingWhilePublishing(t *testing.T) {
	t.Parallel()
	b := &membus.Bus{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				c, end := b.Subscribe("a")
				b.Publish("a", true)
				require.NotEmpty(t, c)
				end()
			}
		})
	}
	wg.Wait()
}
