package ident

// A Node is anything with a global id: the graph's interface Node.
type Node interface{ IsNode() }
