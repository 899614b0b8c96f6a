// Package customer keeps the tree of customers and their quotas: resellers have
// customers below them. Nothing is provisioned here; what a customer has is
// the other domains'.
package customer
