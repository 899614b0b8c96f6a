// Package inbox tells users what concerns them: that a job that they ordered is over,
// that one is stuck, that a quota is nearly used up. What is told is written in the
// transaction in which it happens, so that it is told exactly once. A notification is
// its user's alone: nobody else reads it, no matter what they may do.
package inbox
