package transport_test

import "testing"

func (w *world) streams(t *testing.T) {}
