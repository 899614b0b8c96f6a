package models

// A Panel is the node of the panel that answers.
type Panel struct {
	Version string
}
