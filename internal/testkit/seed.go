package testkit

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Seeded gives random numbers, and their seed, which a failed run can have again with SEED.
func Seeded(t testing.TB) (*rand.Rand, uint64) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal("SEED:", err)
		}
	}
	t.Logf("seed %d; again with: SEED=%d", seed, seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}
