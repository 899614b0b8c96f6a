// Package engine provisions as sagas: a plan's steps are applied to real
// systems one after the other, each journaled before its effect, and whatever
// fails or dies, a job either succeeds or takes back all that it did.
//
// The journal in PostgreSQL is the truth; being told of a job only makes its
// start quicker than the next sweep. What steps do is the domains'; how clients watch is package jobs'.
package engine
