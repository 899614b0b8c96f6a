//go:build !faultinject

package app

import "github.com/mpanel/mpanel/internal/engine"

// faultProbe is nothing in a server that serves people.
func faultProbe() engine.Probe { return nil }
