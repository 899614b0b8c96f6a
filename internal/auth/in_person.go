package auth

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
)

// inPerson is the caller of what only the user may do, in person. Error:
// fault.Forbidden for an API token, and for staff who act as the user.
func inPerson(ctx context.Context) (*actor.Actor, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.InPerson() {
		return nil, fault.Forbidden.New("", "Only the user can do this, signed in with the password.")
	}
	return who, nil
}
