// Package notify writes e-mails and sends them: a mutation queues a mail in its own
// transaction, and a sender of any node takes it from there to an SMTP server or, in
// development, into a folder that a page shows.
//
// Whom to tell of what is the domains' to decide. Nothing here logs an address, a name
// or a link.
package notify
