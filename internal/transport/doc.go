// Package transport speaks GraphQL over HTTP, WebSocket and SSE: who calls,
// limits that come before work, and errors as docs/errors.md has them.
//
// Routes and pages are package httpapi's; what fields do is the resolvers'.
package transport
