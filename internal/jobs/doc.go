// Package jobs wakes the engine up through River and shows its jobs to
// clients: lists, steps, events, and the live stream of one job.
//
// What a job does is package engine's and the domains'.
package jobs
