// Package natsbus is the Bus between several nodes: what one publishes reaches
// the subscribers of all. Within a node it is a membus; between nodes messages go
// over NATS, sealed, with one NATS subscription for each topic that somebody on
// the node subscribes to.
//
// It never waits for NATS: while that is away, a node goes on with its own
// messages, and those for others are kept up to a bound and then lost, which is
// counted. Who must not miss one reads the rows.
package natsbus
