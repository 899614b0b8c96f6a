package quota_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A line is reseller > shop > branch, with a sister below the reseller and a
// foreign customer beside it.
type line struct {
	t                                       *testing.T
	db                                      *store.DB
	reseller, shop, branch, sister, foreign ident.CustomerID
}

func newLine(t *testing.T) line {
	t.Helper()
	l := line{t: t, db: testkit.DB(t)}
	l.reseller = l.add("reseller", ident.CustomerID{})
	l.shop = l.add("shop", l.reseller)
	l.branch = l.add("branch", l.shop)
	l.sister = l.add("sister", l.reseller)
	l.foreign = l.add("foreign", ident.CustomerID{})
	return l
}

func (l line) add(name string, parent ident.CustomerID) ident.CustomerID {
	l.t.Helper()
	row := &models.Customer{ID: ident.NewCustomerID(), ParentID: parent, Name: name, Email: name + "@example.com", State: models.CustomerActive}
	_, err := l.db.NewInsert().Model(row).Exec(l.t.Context())
	require.NoError(l.t, err)
	_, err = l.db.ExecContext(l.t.Context(), `INSERT INTO customer_tree (ancestor_id, customer_id, depth)
		SELECT ancestor_id, ?0::uuid, depth + 1 FROM customer_tree WHERE customer_id = ?1 UNION ALL SELECT ?0::uuid, ?0::uuid, 0`, row.ID, parent)
	require.NoError(l.t, err)
	_, err = l.db.NewInsert().Model(&models.Quota{CustomerID: row.ID, Name: models.QuotaDatabases}).Exec(l.t.Context())
	require.NoError(l.t, err)
	return row.ID
}

func (l line) limit(id ident.CustomerID, n int64) {
	l.t.Helper()
	_, err := l.db.ExecContext(l.t.Context(), "UPDATE customer_quotas SET max = ? WHERE customer_id = ?", n, id)
	require.NoError(l.t, err)
}

func (l line) used(id ident.CustomerID) (n int64) {
	l.t.Helper()
	require.NoError(l.t, l.db.NewSelect().Model((*models.Quota)(nil)).Column("used").Where("customer_id = ?", id).Scan(l.t.Context(), &n))
	return n
}

var staff = &actor.Actor{User: ident.NewUserID(), Provider: []actor.Permission{actor.CustomersRead, actor.DatabasesWrite}}

func member(of ident.CustomerID, p ...actor.Permission) *actor.Actor {
	return &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: of, Permissions: p}}}
}

func (l line) take(who *actor.Actor, id ident.CustomerID) error {
	return store.InTx(l.t.Context(), l.db, func(ctx context.Context, tx store.Tx) error {
		return quota.Take(ctx, tx, who, id, models.QuotaDatabases)
	})
}

func (l line) give(id ident.CustomerID) error {
	return store.InTx(l.t.Context(), l.db, func(ctx context.Context, tx store.Tx) error {
		return quota.Give(ctx, tx, id, models.QuotaDatabases)
	})
}

// rush takes from each customer many times at once and tells how often it got one.
func (l line) rush(each int, from ...ident.CustomerID) (got int) {
	l.t.Helper()
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		begin = make(chan struct{})
	)
	for _, id := range from {
		for range each {
			all.Go(func() {
				<-begin
				err := l.take(staff, id)
				mu.Lock()
				defer mu.Unlock()
				switch fault.CodeOf(err) {
				case "":
					got++
				case fault.QuotaExceeded:
				default:
					l.t.Errorf("take: %v", err)
				}
			})
		}
	}
	close(begin)
	all.Wait()
	return got
}

func TestTake_200AtOnceAtLimit10(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.limit(l.foreign, 10)
	require.Equal(t, 10, l.rush(200, l.foreign))
	require.EqualValues(t, 10, l.used(l.foreign))
	require.Zero(t, l.used(l.reseller), "another tree is not touched")
}

func TestTake_200AtOnceTwoLevelsBelowTheLimit(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.limit(l.reseller, 10)
	require.Equal(t, 10, l.rush(100, l.branch, l.sister), "the limit at the top holds for all branches together")
	require.EqualValues(t, 10, l.used(l.reseller))
	require.EqualValues(t, 10, l.used(l.branch)+l.used(l.sister))
	require.Equal(t, l.used(l.branch), l.used(l.shop), "what is in between counts its own branch only")
}

func TestTake_EveryLevelAtOnce(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.limit(l.reseller, 30)
	l.limit(l.shop, 20)
	l.limit(l.branch, 7)
	got := l.rush(50, l.reseller, l.shop, l.branch, l.sister)
	require.Equal(t, 30, got)
	require.EqualValues(t, 30, l.used(l.reseller))
	require.LessOrEqual(t, l.used(l.shop), int64(20))
	require.LessOrEqual(t, l.used(l.branch), int64(7))
	require.LessOrEqual(t, l.used(l.branch), l.used(l.shop))
}

func TestTakeAndGive_AtOnceEndWhereTheyBegan(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.limit(l.reseller, 1000)
	var all sync.WaitGroup
	for range 50 {
		for _, id := range []ident.CustomerID{l.branch, l.sister} {
			all.Go(func() {
				if err := errors.Join(l.take(staff, id), l.give(id)); err != nil {
					t.Errorf("take and give: %v", err)
				}
			})
		}
	}
	all.Wait()
	for _, id := range []ident.CustomerID{l.reseller, l.shop, l.branch, l.sister} {
		require.Zero(t, l.used(id))
	}
}

func TestTake_LimitsAndWhatIsLeft(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limits func(l line)
		takes  int
		want   fault.Code
	}{
		"no limit anywhere":             {func(line) {}, 3, ""},
		"up to the limit":               {func(l line) { l.limit(l.branch, 3) }, 3, ""},
		"one past it":                   {func(l line) { l.limit(l.branch, 3) }, 4, fault.QuotaExceeded},
		"a limit of nothing":            {func(l line) { l.limit(l.branch, 0) }, 1, fault.QuotaExceeded},
		"one past the shop's":           {func(l line) { l.limit(l.shop, 2); l.limit(l.branch, 100) }, 3, fault.QuotaExceeded},
		"one past the reseller's":       {func(l line) { l.limit(l.reseller, 2); l.limit(l.branch, 100) }, 3, fault.QuotaExceeded},
		"a sister's limit is no matter": {func(l line) { l.limit(l.sister, 0); l.limit(l.foreign, 0) }, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t)
			tc.limits(l)
			var err error
			for range tc.takes {
				require.NoError(t, err, "only the last one fails")
				err = l.take(staff, l.branch)
			}
			require.Equal(t, tc.want, fault.CodeOf(err), "%v", err)
			want := int64(tc.takes)
			if err != nil {
				want--
			}
			for _, id := range []ident.CustomerID{l.branch, l.shop, l.reseller} {
				require.Equal(t, want, l.used(id), "the whole line counts the same")
			}
			require.Zero(t, l.used(l.sister))
			require.Zero(t, l.used(l.foreign))
		})
	}
}

func TestTake_ALimitThatWasLoweredStopsFurtherUse(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for range 5 {
		require.NoError(t, l.take(staff, l.branch))
	}
	l.limit(l.branch, 2)
	err := l.take(staff, l.branch)
	require.Equal(t, fault.QuotaExceeded, fault.CodeOf(err))
	require.Equal(t, map[string]any{"used": int64(5), "max": int64(2)}, details(err))
	require.NoError(t, l.give(l.branch))
	require.EqualValues(t, 4, l.used(l.branch))
}

func details(err error) map[string]any {
	f, _ := errors.AsType[*fault.Error](err)
	return f.Details
}

func TestTake_TellsNumbersOnlyToThoseWhoSeeThem(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for range 2 {
		require.NoError(t, l.take(staff, l.branch))
	}
	require.NoError(t, l.take(staff, l.sister))
	read, order := actor.CustomersRead, actor.DatabasesWrite
	own := map[string]any{"used": int64(2), "max": int64(2)}
	top := map[string]any{"used": int64(3), "max": int64(3)}
	for name, tc := range map[string]struct {
		limited ident.CustomerID
		max     int64
		who     *actor.Actor
		want    map[string]any
	}{
		"own counter, own member":                     {l.branch, 2, member(l.branch, read, order), own},
		"own counter, own member who cannot read":     {l.branch, 2, member(l.branch, order), own},
		"reseller's counter, the reseller":            {l.reseller, 3, member(l.reseller, read, order), top},
		"reseller's counter, a child's member":        {l.reseller, 3, member(l.branch, read, order), nil},
		"reseller's counter, the shop in between":     {l.reseller, 3, member(l.shop, read, order), nil},
		"shop's counter, the branch":                  {l.shop, 2, member(l.branch, read, order), nil},
		"shop's counter, the shop":                    {l.shop, 2, member(l.shop, read, order), own},
		"shop's counter, the reseller":                {l.shop, 2, member(l.reseller, read, order), own},
		"reseller's counter, staff":                   {l.reseller, 3, staff, top},
		"reseller's counter, staff who cannot read":   {l.reseller, 3, &actor.Actor{Provider: []actor.Permission{order}}, nil},
		"reseller's counter, reads only elsewhere":    {l.reseller, 3, &actor.Actor{Grants: []actor.Grant{{Customer: l.branch, Permissions: []actor.Permission{order}}, {Customer: l.foreign, Permissions: []actor.Permission{read}}}}, nil},
		"reseller's counter, reseller without rights": {l.reseller, 3, member(l.reseller, order), nil},
	} {
		_, err := l.db.ExecContext(t.Context(), "UPDATE customer_quotas SET max = NULL")
		require.NoError(t, err)
		l.limit(tc.limited, tc.max)
		err = l.take(tc.who, l.branch)
		require.Equal(t, fault.QuotaExceeded, fault.CodeOf(err), name)
		require.Equal(t, tc.want, details(err), name)
		f, _ := errors.AsType[*fault.Error](err)
		require.Equal(t, "customerId", f.Field)
		require.NotRegexp(t, `\d`, f.Message, "%s: no number in the sentence either", name)
		require.NotContains(t, f.Message, "reseller@")
		require.EqualValues(t, 2, l.used(l.branch), "a refused take counts nothing")
	}
}

func TestGive_NeverBelowNothing(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	require.NoError(t, l.take(staff, l.branch))
	require.NoError(t, l.give(l.branch))
	for _, id := range []ident.CustomerID{l.branch, l.shop, l.reseller} {
		require.Zero(t, l.used(id))
	}
	require.Error(t, l.give(l.branch), "giving back twice is refused by the table")
	require.Zero(t, l.used(l.reseller), "and leaves the whole line as it is")
}

func TestTake_RolledBackWithItsTransaction(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	boom := errors.New("boom")
	require.ErrorIs(t, store.InTx(t.Context(), l.db, func(ctx context.Context, tx store.Tx) error {
		require.NoError(t, quota.Take(ctx, tx, staff, l.branch, models.QuotaDatabases))
		return boom
	}), boom)
	require.Zero(t, l.used(l.branch))
	require.Zero(t, l.used(l.reseller))
}

func TestQuota_DatabaseErrors(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	_, err := l.db.ExecContext(t.Context(), "ALTER TABLE customer_quotas RENAME TO away")
	require.NoError(t, err)
	require.Equal(t, fault.Internal, fault.CodeOf(l.take(staff, l.branch)))
	require.Equal(t, fault.Internal, fault.CodeOf(l.give(l.branch)))
}
