package certs

// OrderLock is what one node at a time holds.
const OrderLock = orderLock
