// Package live is the core of everything that stays open: connections with
// their caps, operations that run on them, and the events of subscriptions,
// which all go through one bounded queue per connection, whatever the wire.
//
// It knows no protocol: how messages look on a wire, and with which code it is
// closed, is the business of the packages below internal/transport. What a
// field's events are is the resolvers' business.
package live
