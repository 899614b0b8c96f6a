import { texts } from "@/lib/text";

export const useTexts = texts("jobs", {
  en: {
    jobs: "Jobs", kind: "Kind", state: "State", customer: "Customer", by: "Ordered by", created: "Ordered", started: "Started", finished: "Finished", took: "Took", tries: "Tries", progress: "Progress", loadingJob: "Loading the job",
    none: "Nothing has been ordered yet.", noneFound: "No job is like this. Change the filters.", anyState: "Any state", panel: "The panel", steps: "Steps", log: "Log", follow: "Follow the log", cancel: "Cancel", retry: "Try again",
    canceling: "The job is being taken back.", retried: "The job goes on.", waiting: "Waits: {{reason}}", next: "Goes on {{when}}", emptyLog: "Nothing has happened yet.", resource: "Works on",
    gap: "Older entries are not kept.", copyLog: "Copy the log", unfollowed: "What goes on is not shown here any more: load the page again.",
    state_PENDING: "Pending", state_RUNNING: "Running", state_COMPENSATING: "Rolling back", state_SUCCEEDED: "Succeeded", state_FAILED: "Failed", state_CANCELED: "Canceled", state_STUCK: "Stuck",
  },
  de: {
    jobs: "Aufträge", kind: "Art", state: "Zustand", customer: "Kunde", by: "Beauftragt von", created: "Beauftragt", started: "Begonnen", finished: "Beendet", took: "Dauer", tries: "Versuche", progress: "Fortschritt", loadingJob: "Der Auftrag wird geladen",
    none: "Es wurde noch nichts beauftragt.", noneFound: "Kein Auftrag ist so. Ändern Sie die Filter.", anyState: "Jeder Zustand", panel: "Das Panel", steps: "Schritte", log: "Verlauf", follow: "Verlauf mitlesen", cancel: "Abbrechen", retry: "Noch einmal",
    canceling: "Der Auftrag wird zurückgenommen.", retried: "Der Auftrag geht weiter.", waiting: "Wartet: {{reason}}", next: "Weiter {{when}}", emptyLog: "Noch ist nichts geschehen.", resource: "Arbeitet an",
    gap: "Ältere Einträge werden nicht aufbewahrt.", copyLog: "Verlauf kopieren", unfollowed: "Was weiter geschieht, wird hier nicht mehr gezeigt: laden Sie die Seite neu.",
    state_PENDING: "Ausstehend", state_RUNNING: "Läuft", state_COMPENSATING: "Wird zurückgenommen", state_SUCCEEDED: "Erledigt", state_FAILED: "Gescheitert", state_CANCELED: "Abgebrochen", state_STUCK: "Hängt",
  },
});
