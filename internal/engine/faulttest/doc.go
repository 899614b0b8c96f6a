// Package faulttest proves a plan: it finds every point of its runs at which a
// crash must be survived, and then lets each go wrong in every way, on real
// servers and with real kills. A new step is covered without a test of its own.
//
// Only tests import it.
package faulttest
