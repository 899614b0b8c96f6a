// Package fleet knows the machines: the rows of servers, and what they are doing now.
// Those of today are the hosts of the panel's own nodes; each node measures its own,
// once a second while somebody watches, and the bus carries it to nodes on which it is
// watched. Each node also keeps what its own did, minute by minute, for two days.
//
// How a machine is measured is package collect's business.
package fleet
