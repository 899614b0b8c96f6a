package models

// IsNode marks the rows that are the graph's Nodes.
func (*Customer) IsNode() {}

// IsNode marks a Node.
func (*User) IsNode() {}

// IsNode marks a Node.
func (*Database) IsNode() {}

// IsNode marks a Node.
func (*DatabaseServer) IsNode() {}

// IsNode marks a Node.
func (*DatabaseUser) IsNode() {}

// IsNode marks a Node.
func (*Job) IsNode() {}

// IsNode marks a Node.
func (*DriftFinding) IsNode() {}

// IsJobStreamItem marks what a stream of a job consists of.
func (*JobEvent) IsJobStreamItem() {}

// IsNode marks a Node.
func (*DatabaseDump) IsNode() {}

// IsNode marks a Node.
func (*Server) IsNode() {}

// IsNode marks a Node.
func (*Invitation) IsNode() {}

// IsNode marks a Node.
func (*AuditEntry) IsNode() {}

// IsNode marks a Node.
func (*Notification) IsNode() {}

// IsNode marks a Node.
func (*Session) IsNode() {}
