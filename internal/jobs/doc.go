// Package jobs shows the engine's jobs to clients: lists, steps, events, and
// the live stream of one job. It also has the chores, which River does.
//
// What a job does is package engine's and the domains'.
package jobs
