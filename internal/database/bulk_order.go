package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A chosen database is one of several that are to be changed.
type chosen struct {
	row   *models.Database
	place int
	field string   // where the caller named it
	by    standing // of the caller to its customer
}

// choose locks the databases, in the order of their ids, so that two of these
// mutations do not wait for each other. All refusals come together.
func (s *Service) choose(ctx context.Context, tx store.Tx, who *actor.Actor, in BulkInput) (list []chosen, err error) {
	ids := slices.Clone(in.IDs)
	if in.Filter != nil {
		var found []*models.Database
		err := tx.NewSelect().Model(&found).Column("d.id").Apply(visible(who, actor.DatabasesWrite)).Apply(in.Filter.rows(who)).
			Order("d.id").Limit(MaxBulk + 1).Scan(ctx)
		switch {
		case err != nil:
			return nil, store.Wrap(err, "find databases")
		case len(found) == 0:
			return nil, fault.NotFound.New("filter", "No database that you may change is like this.")
		case len(found) > MaxBulk:
			return nil, fault.Invalid.New("filter", "More than %d databases are like this; narrow it down.", MaxBulk)
		}
		for _, row := range found {
			ids = append(ids, row.ID)
		}
	}
	for i, id := range ids {
		c := chosen{row: &models.Database{ID: id}, place: i, field: "filter"}
		if in.Filter == nil {
			c.field = fmt.Sprintf("ids.%d", i)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b chosen) int { return cmp.Compare(a.row.ID.String(), b.row.ID.String()) })
	return list, each(list, func(c *chosen) error {
		id := c.row.ID
		if c.row, err = lockDatabase(ctx, tx, who, id, c.field); err != nil {
			return err
		}
		if err := idleAround(ctx, tx, id, c.field); err != nil {
			return err
		}
		return idle(ctx, tx, c.field, "Another job is at work on this; wait for it to end.", "j.resource_id = ?", id.UUID)
	})
}

// each does something with every chosen database, and brings together what is
// refused, each at its place; any other error ends it.
func each(list []chosen, do func(*chosen) error) error {
	type refusal struct {
		place int
		*fault.Error
	}
	var refused []refusal
	for i := range list {
		err := do(&list[i])
		f, ok := errors.AsType[*fault.Error](err)
		switch {
		case err == nil:
		case !ok || f.Code == fault.Internal:
			return err
		default:
			at := *f
			at.Field = list[i].field
			refused = append(refused, refusal{list[i].place, &at})
		}
	}
	slices.SortFunc(refused, func(a, b refusal) int { return cmp.Compare(a.place, b.place) })
	faults := make([]*fault.Error, len(refused))
	for i, r := range refused {
		faults[i] = r.Error
	}
	return fault.Join(faults...)
}

// stand tells of each where the caller stands to its customer.
func stand(ctx context.Context, tx store.Tx, who *actor.Actor, list []chosen) error {
	var ids []ident.CustomerID
	for _, c := range list {
		if !slices.Contains(ids, c.row.CustomerID) {
			ids = append(ids, c.row.CustomerID)
		}
	}
	at, err := standings(ctx, tx, who, ids...)
	for i := range list {
		list[i].by = at[list[i].row.CustomerID]
	}
	return err
}

// lead starts the job whose children the others will be, unless none of them
// needs one. It belongs to the customer that all databases are of or below. A
// suspension from above belongs above all of them: who may take the whole back
// may take back each.
func (s *Service) lead(ctx context.Context, tx store.Tx, who *actor.Actor, in BulkInput, list []chosen, out *BulkPayload) (customer ident.CustomerID, err error) {
	var customers, owners []ident.CustomerID
	jobless := true
	for _, c := range list {
		customers = append(customers, c.row.CustomerID)
		owners = append(owners, c.by.owner)
		jobless = jobless && c.row.State == models.ResourceFailed
	}
	if customer, err = common(ctx, tx, who, customers, list[0].parameter()); err != nil || jobless {
		return customer, err
	}
	owner := customer
	if in.Action == ActionSuspend {
		if owner, err = common(ctx, tx, who, owners, list[0].parameter()); err != nil {
			return customer, err
		}
	}
	out.Job, err = s.engine.Start(tx, engine.Order{Kind: KindBulk, Resource: uuid.Must(uuid.NewV7()), Customer: owner, Actor: who.User, Generation: 1})
	return customer, err
}

// parameter is where the caller said which ones.
func (c chosen) parameter() string {
	name, _, _ := strings.Cut(c.field, ".")
	return name
}

// common is the customer that all of them are or are below of, and who may see;
// zero for the provider. Error: fault.Invalid when there is none and who is not
// the provider's.
func common(ctx context.Context, tx store.Tx, who *actor.Actor, customers []ident.CustomerID, field string) (ident.CustomerID, error) {
	var ids []ident.CustomerID
	for _, id := range customers {
		if id.IsZero() {
			return id, nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var found []struct{ ID ident.CustomerID }
	err := tx.NewSelect().TableExpr("customer_tree AS t").ColumnExpr("t.ancestor_id AS id").Where("t.customer_id IN (?)", bun.List(ids)).
		Apply(store.Visible(who, actor.DatabasesWrite, "t.ancestor_id")).
		Group("t.ancestor_id").Having("count(*) = ?", len(ids)).OrderExpr("min(t.depth)").Limit(1).Scan(ctx, &found)
	if err != nil {
		return ident.CustomerID{}, store.Wrap(err, "find whom the databases have in common")
	}
	if len(found) > 0 {
		return found[0].ID, nil
	}
	if _, all := who.Customers(actor.DatabasesWrite); !all { // nobody but the provider's staff could see the job
		return ident.CustomerID{}, fault.Invalid.New(field, "These databases belong to customers that have nothing in common; change them apart.")
	}
	return ident.CustomerID{}, nil
}

func (s *Service) orderEach(ctx context.Context, tx store.Tx, who *actor.Actor, in BulkInput, list []chosen, parent *models.Job) error {
	o := engine.Order{Actor: who.User, Held: true}
	if parent != nil {
		o.Parent = parent.ID
	}
	return each(list, func(c *chosen) (err error) {
		before := *c.row
		switch in.Action {
		case ActionSuspend:
			_, err = s.suspend(ctx, tx, o, c.row, in.Reason, c.by)
		case ActionResume:
			_, err = s.resume(ctx, tx, o, c.row, c.by)
		case ActionDelete: // which records itself
			_, err = s.remove(ctx, tx, o, c.row, in.GraceSeconds)
			return err
		default:
			return fault.Invalid.New("action", "One of SUSPEND, RESUME and DELETE.")
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, map[Action]string{ActionSuspend: "database.suspend", ActionResume: "database.resume"}[in.Action], &before, c.row)
	})
}
