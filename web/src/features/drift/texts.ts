import { texts } from "@/lib/text";

export const useTexts = texts("drift", {
  en: {
    drift: "Drift", intro: "What is not on a server as it is to be. About once a minute each server is compared with what is wished.", loading: "Loading findings", none: "Nothing differs: all servers are as they are to be.", noneOfYours: "Nothing differs: your databases are as they are to be.", showResolved: "Show resolved findings, too", noneFound: "No finding is like this. Change the filters.",
    object: "Object", kind: "How", objectKind: "What", detail: "What is wrong", server: "Server", found: "Found", job: "Job", decide: "Decide", decideOf: "Decide about {{name}}", anyKind: "Any kind", anyServer: "Any server", which: "Which findings", unresolved: "Not resolved", resolved: "Resolved", all: "All", ignored: "Left as it is",
    MISSING: "Missing", DIFFERS: "Differs", ORPHAN: "Nobody's", FOREIGN: "Foreign", ROLE: "Role", DATABASE: "Database",
    do_REPAIR: "Repair", do_RECREATE: "Make anew", do_ADOPT: "Take over", do_DELETE: "Delete", do_IGNORE: "Leave as it is",
    text_REPAIR: "It is made as it is to be, whatever policy and brake say.", text_RECREATE: "The database is made anew, empty, with the password of before. What was in it stays lost.", text_ADOPT: "It becomes the customer's, with all that is in it.", text_DELETE: "It is removed from the server with all that is in it. This cannot be undone.", text_IGNORE: "It stays, and counts no more until it changes.",
    asking: "Asking what would happen", steps: "Steps", noSteps: "Nothing is done on the server.", refused: "This would be refused", ordered: "It is ordered; the finding shows its job.", decided: "It is decided.",
  },
  de: {
    drift: "Abweichungen", intro: "Was auf einem Server nicht so ist, wie es sein soll. Etwa jede Minute wird jeder Server mit dem verglichen, was gewünscht ist.", loading: "Abweichungen werden geladen", none: "Nichts weicht ab: alle Server sind, wie sie sein sollen.", noneOfYours: "Nichts weicht ab: Ihre Datenbanken sind, wie sie sein sollen.", showResolved: "Auch behobene zeigen", noneFound: "Keine Abweichung ist so. Ändern Sie die Filter.",
    object: "Objekt", kind: "Wie", objectKind: "Was", detail: "Was nicht stimmt", server: "Server", found: "Gefunden", job: "Auftrag", decide: "Entscheiden", decideOf: "Über {{name}} entscheiden", anyKind: "Jede Art", anyServer: "Jeder Server", which: "Welche Abweichungen", unresolved: "Nicht behoben", resolved: "Behoben", all: "Alle", ignored: "Bleibt so",
    MISSING: "Fehlt", DIFFERS: "Weicht ab", ORPHAN: "Gehört niemandem", FOREIGN: "Fremd", ROLE: "Rolle", DATABASE: "Datenbank",
    do_REPAIR: "Reparieren", do_RECREATE: "Neu anlegen", do_ADOPT: "Übernehmen", do_DELETE: "Löschen", do_IGNORE: "So lassen",
    text_REPAIR: "Es wird so gemacht, wie es sein soll, was auch Regel und Bremse sagen.", text_RECREATE: "Die Datenbank wird neu angelegt, leer, mit dem Passwort von zuvor. Was darin war, bleibt verloren.", text_ADOPT: "Es wird das des Kunden, mit allem, was darin ist.", text_DELETE: "Es wird mit allem, was darin ist, vom Server entfernt. Das lässt sich nicht zurücknehmen.", text_IGNORE: "Es bleibt und zählt nicht mehr, bis es sich ändert.",
    asking: "Es wird gefragt, was geschähe", steps: "Schritte", noSteps: "Auf dem Server wird nichts getan.", refused: "Das würde verweigert", ordered: "Es ist beauftragt; die Abweichung zeigt den Auftrag.", decided: "Es ist entschieden.",
  },
});
