// Package collect reads what a Linux host is doing, from /proc: processors, load,
// memory, disks and networks, one kind per file. It knows nothing of the panel, and
// needs neither root nor another program.
//
// Who asks decides how often; rates are over the time since the sample before.
package collect
