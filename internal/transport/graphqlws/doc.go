// Package graphqlws speaks graphql-transport-ws, GraphQL over WebSocket, to the
// letter: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
//
// What runs on a socket, and for how long, is package live's; who may connect and
// what errors look like is package transport's.
package graphqlws
