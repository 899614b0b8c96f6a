/** What the panel says of jobs, why they wait, and what they come to. */
export const jobs: Record<string, string> = {
  "Its turn.": "Er ist noch nicht an der Reihe.",
  "Its turn: other exports, imports and clones are at work on this node of the panel.": "Er ist noch nicht an der Reihe: Auf diesem Knoten des Panels laufen andere Exporte, Importe und Klone.",
  "A node that knows this kind of job.": "Kein Knoten, der gerade läuft, kennt diese Art von Auftrag.",
  "The jobs that it ordered.": "Die Aufträge, die er erteilt hat, sind noch nicht beendet.",
  "The grace period before the data is removed.": "Die Frist, nach der die Daten entfernt werden, läuft noch.",
  "It was canceled.": "Er wurde abgebrochen.",
  "The server took too long to answer.": "Der Server hat zu lange nicht geantwortet.",
  "Something went wrong inside the panel; the provider's staff can see what in the log.": "Im Panel ist etwas schiefgegangen; was, sehen Mitarbeiter des Anbieters im Protokoll.",
  "Nothing of this job is left to be tried again.": "Von diesem Auftrag ist nichts übrig, das noch einmal versucht werden könnte.",
  "This kind of job cannot be tried again; order it anew.": "Ein Auftrag dieser Art lässt sich nicht noch einmal versuchen; erteilen Sie ihn neu.",
  "%d of %d failed; see the jobs that this one ordered.": "%d von %d sind gescheitert; siehe die Aufträge, die dieser erteilt hat.",
  "%d of %d are over.": "%d von %d sind beendet.",
  "A later job has been at work on the same thing; try that one again.": "Ein späterer Auftrag hat dasselbe bearbeitet; versuchen Sie diesen noch einmal.",
  "This job is over; there is nothing to cancel.": "Dieser Auftrag ist beendet; es gibt nichts abzubrechen.",
  "This job is taking back what it did already, or can only go on.": "Dieser Auftrag nimmt schon zurück, was er getan hat, oder kann nur noch weiterlaufen.",
  "This node does not know this kind of job; try another.": "Dieser Knoten kennt diese Art von Auftrag nicht; versuchen Sie es an einem anderen.",
  "This job has begun what cannot be undone; it can only go on.": "Dieser Auftrag hat begonnen, was sich nicht zurücknehmen lässt; er kann nur noch weiterlaufen.",
  "This job has succeeded; there is nothing to try again.": "Dieser Auftrag ist erledigt; es gibt nichts noch einmal zu versuchen.",
  "This job is at work.": "Dieser Auftrag läuft.",
  "Another job is at work on this; wait for it to end.": "Ein anderer Auftrag bearbeitet das gerade; warten Sie, bis er beendet ist.",
  "A job is at work on this.": "Ein Auftrag bearbeitet das gerade.",
  "A job is at work on the database; wait for it to end.": "Ein Auftrag bearbeitet die Datenbank; warten Sie, bis er beendet ist.",
  "You may see this job, but not operate it.": "Sie dürfen diesen Auftrag sehen, aber nicht in ihn eingreifen.",
};

/** What stands in place of a placeholder: states, permissions, kinds. */
export const words: Record<string, string> = {
  PENDING: "noch nicht fertig", ACTIVE: "aktiv", DEGRADED: "gestört", SUSPENDED: "gesperrt", FAILED: "gescheitert", DELETING: "dabei, gelöscht zu werden", ARCHIVED: "archiviert",
  suspended: "gesperrt", active: "aktiv", MISSING: "verschwunden", DIFFERS: "anders als gewünscht", FOREIGN: "fremd", ORPHAN: "verwaist",
  Written: "Geschrieben", Checked: "Geprüft", Loaded: "Geladen", Copied: "Kopiert",
  role: "Rolle", database: "Datenbank", group: "Gruppe", access: "Zugangsliste",
  CUSTOMERS_READ: "„Kunden sehen“", CUSTOMERS_WRITE: "„Kunden ändern“", USERS_READ: "„Benutzer sehen“", USERS_WRITE: "„Benutzer ändern“", USERS_IMPERSONATE: "„Als Benutzer handeln“",
  DATABASES_READ: "„Datenbanken sehen“", DATABASES_WRITE: "„Datenbanken anlegen, ändern und löschen“", SERVERS_READ: "„Server sehen“", SERVERS_WRITE: "„Server ändern“",
  JOBS_READ: "„Aufträge verfolgen“", JOBS_WRITE: "„Aufträge abbrechen und wiederholen“", AUDIT_READ: "„Protokoll lesen“",
};
