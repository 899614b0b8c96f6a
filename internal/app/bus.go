package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/events/natsbus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// busTimes bound what a bus between nodes is waited for.
const (
	busCloseTime = time.Second
	busPingTime  = 5 * time.Second
)

// A bus is what carries events, and for a bus between nodes what is asked of NATS.
type bus struct {
	events.Bus
	nats *natsbus.Bus // nil within one process
}

// openBus is NATS when there is a URL of it, and otherwise within this process.
func openBus(o config.Options, box *secret.Box, installation uuid.UUID, node string, log *slog.Logger) (bus, error) {
	if o.NATSURL.IsZero() {
		return bus{Bus: &membus.Bus{}}, nil
	}
	n, err := natsbus.Open(natsbus.Config{
		Servers: o.NATSURL, Prefix: "mpanel." + installation.String(), Key: box.Key("messages between nodes"), Accepted: box.Keys("messages between nodes")[1:], Node: node, Kinds: busKinds(), Log: log,
	})
	if err != nil {
		return bus{}, fmt.Errorf("MPANEL_NATS_URL: %w", err)
	}
	return bus{n, n}, nil
}

func (b bus) register(r *prometheus.Registry) {
	if b.nats != nil {
		r.MustRegister(b.nats)
	}
}

// complaints are what doctor has to say of it.
func (b bus) complaints(ctx context.Context) []complaint {
	if b.nats == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, busPingTime)
	defer cancel()
	if err := b.nats.Ping(ctx); err != nil {
		return []complaint{{"nats", "UNAVAILABLE", err.Error()}}
	}
	return nil
}

func (b bus) close() {
	if b.nats == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), busCloseTime)
	defer cancel()
	b.nats.Close(ctx)
}

// busKinds are all that goes from node to node. Nothing in them is secret: events are
// what customers read of their jobs.
func busKinds() map[string]natsbus.Kind {
	return map[string]natsbus.Kind{
		"job":                 natsbus.KindOf(jobEventMessageOf, jobEventOf),
		engine.CommittedTopic: natsbus.KindOf(committedMessageOf, committedOf),
		seal.Topic:            natsbus.KindOf(sealedMessageOf, sealedOf),
		inbox.Topic:           natsbus.KindOf(toldMessageOf, toldOf),
		live.RevocationTopic:  natsbus.KindOf(revocationMessageOf, principalOf),
		fleet.WantedTopic:     natsbus.KindOf(wantedMessageOf, wantedOf),
		"metrics":             natsbus.KindOf(metricsMessageOf, metricsOf),
	}
}

// jobEventMessage is a models.JobEvent on its way to another node.
type jobEventMessage struct {
	JobID        ident.JobID          `json:"jobId"`
	Seq          int64                `json:"seq"`
	At           time.Time            `json:"at"`
	Kind         string               `json:"kind"`
	State        models.JobState      `json:"state"`
	Step         *string              `json:"step,omitempty"`
	StepState    *models.JobStepState `json:"stepState,omitempty"`
	Percent      float64              `json:"percent"`
	Message      *string              `json:"message,omitempty"`
	ErrorCode    *fault.Code          `json:"errorCode,omitempty"`
	ErrorMessage *string              `json:"errorMessage,omitempty"`
	Data         json.RawMessage      `json:"data,omitempty"`
}

func jobEventMessageOf(e *models.JobEvent) jobEventMessage {
	return jobEventMessage{e.JobID, e.Seq, e.At, e.Kind, e.State, e.Step, e.StepState, e.Percent, e.Message, e.ErrorCode, e.ErrorMessage, e.Data}
}

// jobEventOf refuses what is no event of the topic's job.
func jobEventOf(topic string, m jobEventMessage) (*models.JobEvent, bool) {
	e := &models.JobEvent{
		JobID: m.JobID, Seq: m.Seq, At: m.At.Local(), Kind: m.Kind, State: m.State, Step: m.Step, StepState: m.StepState, Percent: m.Percent,
		Message: m.Message, ErrorCode: m.ErrorCode, ErrorMessage: m.ErrorMessage, Data: m.Data,
	}
	return e, topic == engine.Topic(e.JobID) && !e.JobID.IsZero() && e.Seq > 0 && !e.At.IsZero() && e.Kind != "" && e.State != ""
}

// committedMessage is an engine.Committed, which has nothing in it.
type committedMessage struct{}

func committedMessageOf(engine.Committed) committedMessage { return committedMessage{} }

func committedOf(string, committedMessage) (engine.Committed, bool) { return engine.Committed{}, true }

// sealedMessage is a seal.Sealed, which has nothing in it.
type sealedMessage struct{}

func sealedMessageOf(seal.Sealed) sealedMessage { return sealedMessage{} }

func sealedOf(string, sealedMessage) (seal.Sealed, bool) { return seal.Sealed{}, true }

// toldMessage is an inbox.Told, which has nothing in it.
type toldMessage struct{}

func toldMessageOf(inbox.Told) toldMessage { return toldMessage{} }

func toldOf(string, toldMessage) (inbox.Told, bool) { return inbox.Told{}, true }

// revocationMessage is a live.Principal on its way to another node.
type revocationMessage struct {
	User     ident.UserID     `json:"user,omitzero"`
	Session  ident.SessionID  `json:"session,omitzero"`
	APIToken ident.APITokenID `json:"apiToken,omitzero"`
	Token    string           `json:"token,omitempty"`
	Customer ident.CustomerID `json:"customer,omitzero"`

	Impersonation ident.ImpersonationID `json:"impersonation,omitzero"`
}

func revocationMessageOf(p live.Principal) revocationMessage {
	return revocationMessage{p.User, p.Session, p.APIToken, p.Token, p.Customer, p.Impersonation}
}

func principalOf(_ string, m revocationMessage) (live.Principal, bool) {
	p := live.Principal{User: m.User, Session: m.Session, APIToken: m.APIToken, Token: m.Token, Customer: m.Customer, Impersonation: m.Impersonation}
	return p, p != live.Principal{}
}

// wantedMessage is a fleet.Wanted on its way to another node.
type wantedMessage struct {
	Server ident.ServerID `json:"server"`
}

func wantedMessageOf(w fleet.Wanted) wantedMessage { return wantedMessage{w.Server} }

func wantedOf(_ string, m wantedMessage) (fleet.Wanted, bool) {
	return fleet.Wanted{Server: m.Server}, !m.Server.IsZero()
}

func metricsMessageOf(m *fleet.Metrics) *fleet.Metrics { return m }

// metricsOf refuses what the graph cannot show: its lists have no nulls.
func metricsOf(_ string, m *fleet.Metrics) (*fleet.Metrics, bool) {
	ok := m != nil && !m.At.IsZero() && m.CorePercents != nil && m.Disks != nil && m.Networks != nil &&
		!slices.Contains(m.Disks, nil) && !slices.Contains(m.Networks, nil)
	return m, ok
}
