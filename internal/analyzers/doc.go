// Package analyzers has the rules of this repository that no linter knows: where
// programs are started, how SQL is written, who speaks to the world, and which
// queries need the tenant filter. make lint runs them over all packages by
// internal/analyzers/check; each has a planted violation in testdata.
//
// An exception stands on the line before what it is about, or at the end of it, as
// a comment of the form
//
//	//allow:<analyzer> <why this one is right>
//
// and one that is not needed any more, or that says no reason, is a mistake, too.
package analyzers

import "golang.org/x/tools/go/analysis"

// All are the analyzers that make lint runs.
func All() []*analysis.Analyzer {
	return []*analysis.Analyzer{Command, SQL, Client, Tenant}
}
