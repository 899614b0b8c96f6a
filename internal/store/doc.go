// Package store opens the panel's PostgreSQL and gives the domains their four
// tools: InTx, Visible, Page and Wrap. What the tables mean is the domains'.
package store
