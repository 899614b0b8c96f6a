package jobs

import (
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// placeIn gives the place in the job's stream, its beginning for nil. Error:
// fault.Invalid for what is not a position of this stream.
func placeIn(p *models.Position, job ident.JobID) (int64, error) {
	switch {
	case p == nil:
		return 0, nil
	case p.Bad || p.Job != job || p.Place != nil:
		return 0, notOfThisStream()
	}
	return p.Seq, nil
}

func notOfThisStream() error {
	return fault.Invalid.New("after", "This position does not belong to this stream.")
}
