package inbox_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func TestJobChanged_WhoIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	boss, admin := r.user("boss", models.ProviderOwner), r.user("admin", models.ProviderAdmin)
	support, clerk := r.user("support", models.ProviderSupport), r.user("clerk", models.ProviderBilling)
	gone := r.user("gone", models.ProviderAdmin)
	r.exec("UPDATE users SET disabled_at = now() WHERE id = ?", gone)
	dev, reader := r.member("dev", r.below, models.CustomerDeveloper), r.member("reader", r.below, models.CustomerReadOnly)
	reseller, payer := r.member("reseller", r.above, models.CustomerOwner), r.member("payer", r.below, models.CustomerBilling)
	left := r.user("left", "")
	for name, tc := range map[string]struct {
		of   ident.CustomerID
		by   ident.UserID
		ends []string // who is told of an end
	}{
		"a developer":                       {r.below, dev, []string{"dev"}},
		"one who may only look by now":      {r.below, reader, []string{"reader"}},
		"a reseller's owner, from above":    {r.below, reseller, []string{"reseller"}},
		"the provider's":                    {r.below, boss, []string{"boss"}},
		"support":                           {r.below, support, []string{"support"}},
		"one who may not see jobs":          {r.below, payer, nil},
		"one of the staff's who may not":    {r.below, clerk, nil},
		"one who has left":                  {r.below, left, nil},
		"one of below, of what is above":    {r.above, dev, nil},
		"one who is disabled":               {r.below, gone, nil},
		"the panel itself":                  {r.below, ident.UserID{}, nil},
		"the provider's own":                {ident.CustomerID{}, admin, []string{"admin"}},
		"the provider's own, by a customer": {ident.CustomerID{}, reseller, nil},
	} {
		for _, state := range []models.JobState{models.JobSucceeded, models.JobFailed, models.JobCanceled} {
			job := r.job(tc.of, tc.by, state)
			r.tell(job)
			require.Equal(t, tc.ends, r.told(job.ID), "%s %s", name, state)
		}
		stuck := r.job(tc.of, tc.by, models.JobStuck)
		r.tell(stuck)
		want := []string{"boss", "admin"}
		for _, who := range tc.ends {
			if who != "boss" && who != "admin" {
				want = append(want, who)
			}
		}
		require.ElementsMatch(t, want, r.told(stuck.ID), "%s, stuck", name)
		r.tell(stuck)
		require.ElementsMatch(t, want, r.told(stuck.ID), "%s, stuck for another hour", name)
		stuck.State = models.JobSucceeded
		r.tell(stuck)
		require.Len(t, r.told(stuck.ID), len(want)+len(tc.ends), "%s, after all", name)
	}
	parent := ident.NewJobID()
	for range 2 { // many may be stuck for one reason
		child := r.job(r.below, dev, models.JobFailed)
		child.ParentID = parent
		r.tell(child)
		child.State = models.JobStuck
		r.tell(child)
		require.Empty(t, r.told(child.ID), "the parent tells")
		require.ElementsMatch(t, []string{"boss", "admin", "dev"}, r.told(parent), "that it cannot end")
	}
}

func TestJobChanged_WhatIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev := r.member("dev", r.below, models.CustomerDeveloper)
	for state, want := range map[models.JobState]models.Notification{
		models.JobSucceeded: {Level: models.NotificationSuccess, Kind: models.NotificationJobSucceeded, Message: `The job "Clone a database" has succeeded.`},
		models.JobFailed:    {Level: models.NotificationError, Kind: models.NotificationJobFailed, Message: `The job "Clone a database" has failed: The name is taken.`},
		models.JobCanceled:  {Level: models.NotificationInfo, Kind: models.NotificationJobCanceled, Message: `The job "Clone a database" was canceled, and what it had done was taken back.`},
		models.JobStuck:     {Level: models.NotificationError, Kind: models.NotificationJobStuck, Message: `The job "Clone a database" is stuck and is tried again every hour: It is away.`},
	} {
		job := r.job(r.below, dev, state)
		job.Kind = "database.clone"
		job.ErrorMessage, job.WaitingFor = new("The name is taken."), new("It is away.")
		r.tell(job)
		rows := r.rows()
		got := rows[len(rows)-1]
		require.Equal(t, want.Level, got.Level)
		require.Equal(t, want.Kind, got.Kind)
		require.Equal(t, want.Message, got.Message)
		require.Equal(t, dev, got.UserID)
		require.Equal(t, r.below, got.CustomerID)
		require.Equal(t, ident.Job, got.ObjectKind)
		require.Equal(t, job.ID.UUID, got.ObjectID)
		require.Nil(t, got.ReadAt)
	}
	plain := r.job(r.below, dev, models.JobFailed)
	plain.Kind, plain.ErrorMessage = "thing.create", new("")
	r.tell(plain)
	require.Equal(t, `The job "thing.create" has failed.`, r.rows()[4].Message, "of a kind without a title, and without a reason")
	long := r.job(r.below, dev, models.JobFailed)
	long.ErrorMessage = new(strings.Repeat("日", 600))
	r.tell(long)
	rows := r.rows()
	require.Equal(t, inbox.MaxMessage, utf8.RuneCountInString(rows[len(rows)-1].Message))
}

// What is told goes with what has happened, or not at all.
func TestJobChanged_InTheTransaction(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev := r.member("dev", r.below, models.CustomerDeveloper)
	err := store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) error {
		require.NoError(t, r.JobChanged(tx, r.job(r.below, dev, models.JobFailed)))
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, r.rows())
}

func TestQuotaChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for role, name := range map[models.CustomerRole]string{
		models.CustomerOwner: "owner", models.CustomerAdmin: "admin", models.CustomerDeveloper: "dev", models.CustomerReadOnly: "reader", models.CustomerBilling: "payer",
	} {
		r.member(name, r.below, role)
	}
	r.member("reseller", r.above, models.CustomerOwner)
	r.user("boss", models.ProviderOwner)
	said := func(q inbox.QuotaLevel) (names []string, last *models.Notification) {
		r.exec("DELETE FROM notifications")
		q.CustomerID = r.below
		require.NoError(t, store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) error {
			r.QuotaChanged(tx, q)
			return nil
		}))
		for _, n := range r.rows() {
			names, last = append(names, r.names[n.UserID]), n
		}
		return names, last
	}
	for level, want := range map[models.QuotaLevel]models.NotificationLevel{
		models.QuotaWarning: models.NotificationWarning, models.QuotaCritical: models.NotificationWarning, models.QuotaExceeded: models.NotificationError,
	} {
		names, n := said(inbox.QuotaLevel{Name: models.QuotaDatabaseBytes, Used: 1536, Max: new(int64(5 << 30)), Before: models.QuotaNormal, Level: level})
		require.ElementsMatch(t, []string{"owner", "admin", "dev", "reader"}, names, level)
		require.Equal(t, want, n.Level)
		require.Equal(t, models.NotificationQuotaLevel, n.Kind)
		require.Equal(t, ident.Customer, n.ObjectKind)
		require.Equal(t, r.below.UUID, n.ObjectID)
		require.Contains(t, n.Message, "1.5 KiB")
		require.Contains(t, n.Message, " 5 GiB")
	}
	for what, q := range map[string]inbox.QuotaLevel{
		"it falls":             {Name: models.QuotaDatabaseBytes, Max: new(int64(100)), Before: models.QuotaExceeded, Level: models.QuotaWarning},
		"it is well":           {Name: models.QuotaDatabaseBytes, Max: new(int64(100)), Before: models.QuotaWarning, Level: models.QuotaNormal},
		"it is no size":        {Name: models.QuotaDatabases, Max: new(int64(100)), Before: models.QuotaNormal, Level: models.QuotaExceeded},
		"there is no limit":    {Name: models.QuotaDatabaseBytes, Before: models.QuotaWarning, Level: models.QuotaCritical},
		"an unknown level now": {Name: models.QuotaDatabaseBytes, Max: new(int64(100)), Before: models.QuotaNormal, Level: "PURPLE"},
	} {
		names, _ := said(q)
		require.Empty(t, names, what)
	}
}
