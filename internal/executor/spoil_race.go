//go:build race

package executor

const spoil = true
