package feed

import "github.com/mpanel/mpanel/models"

// A Gap says that the rows up to Position are gone, or are not told.
type Gap struct{ Position models.Position }

// IsJobStreamItem marks what a stream of a job consists of.
func (*Gap) IsJobStreamItem() {}

// IsAuditStreamItem marks what the stream of the audit consists of.
func (*Gap) IsAuditStreamItem() {}

// IsNotificationStreamItem marks what a stream of notifications consists of.
func (*Gap) IsNotificationStreamItem() {}
