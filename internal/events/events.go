// Package events carries news between the parts of one node, and between nodes
// when there are several. A message may be lost: whoever must not miss one
// reads the rows that it tells of.
package events

// A Bus passes messages on to whoever is subscribed at that moment.
type Bus interface {
	// Publish never blocks: a subscriber whose buffer is full misses the message.
	Publish(topic string, message any)
	// Subscribe returns a channel of the topic's messages from now on, and what
	// ends it. The channel is never closed.
	Subscribe(topic string) (<-chan any, func())
}
