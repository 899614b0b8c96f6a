// Package migrations embeds the SQL that makes and changes the panel's tables.
// Merged means frozen: a mistake is mended by a further migration.
package migrations

import "embed"

// FS holds the files, named YYYYMMDDHHMMSS_verb_noun.tx.{up,down}.sql.
//
//go:embed *.sql
var FS embed.FS
