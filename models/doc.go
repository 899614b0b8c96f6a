// Package models has one bun row type per table and the enums of their
// columns. Rows carry no behaviour; the domains give them meaning.
package models
