import { texts } from "@/lib/text";

export const useTexts = texts("audit", {
  en: {
    audit: "Audit log", intro: "Who did what, and who was refused what. Entries are never changed and kept for ever.", loading: "Loading the audit log", loadingEntry: "Loading the entry",
    action: "Action", outcome: "Outcome", actor: "Who", object: "Done to", customer: "Customer", ip: "Address", ipOrNetwork: "Address or network", at: "When", done: "Done", refused: "Refused", nobody: "The panel, or nobody signed in", by: "by {{name}} of the staff",
    none: "Nothing has been done yet.", noneFound: "No entry is like this. Change the filters.", anyOutcome: "Any", anyCustomer: "Any", anybody: "Anybody", noUser: "Nobody is called that.", oneObject: "One object only", renewals: "Also renewals of sessions", clear: "Clear the filters",
    live: "Live", paused: "Paused", pause: "Pause", resume: "Go on", waiting_one: "{{count}} new entry waits.", waiting_other: "{{count}} new entries wait.", export: "Export", exportCsv: "As CSV", exportJson: "As JSON lines",
    entry: "Entry of the audit log", gone: "The entry does not exist, or is not yours to see.", impersonator: "Acted as them", apiToken: "With the API token", tokenOver: "One that is over", userAgent: "Client", request: "Request", moreOfActor: "More of this user", moreOfObject: "More of this object", moreOfAction: "More of this action", moreFromIp: "More from this address", noAddress: "Such as 203.0.113.7 or 203.0.113.0/24",
    difference: "What changed", noChange: "Nothing more is to be told.", change: "Change", field: "Field", before: "Before", after: "After", added: "added", removed: "removed", changed: "changed", same: "same", value: "value",
  },
  de: {
    audit: "Protokoll", intro: "Wer was getan hat, und wem was verweigert wurde. Einträge werden nie geändert und für immer aufbewahrt.", loading: "Das Protokoll wird geladen", loadingEntry: "Der Eintrag wird geladen",
    action: "Aktion", outcome: "Ergebnis", actor: "Wer", object: "Woran", customer: "Kunde", ip: "Adresse", ipOrNetwork: "Adresse oder Netz", at: "Wann", done: "Getan", refused: "Verweigert", nobody: "Das Panel oder Unangemeldete", by: "durch {{name}} vom Anbieter",
    none: "Noch wurde nichts getan.", noneFound: "Kein Eintrag ist so. Ändern Sie die Filter.", anyOutcome: "Jedes", anyCustomer: "Jeder", anybody: "Alle", noUser: "Niemand heißt so.", oneObject: "Nur ein Objekt", renewals: "Auch Erneuerungen von Sitzungen", clear: "Filter leeren",
    live: "Live", paused: "Angehalten", pause: "Anhalten", resume: "Weiter", waiting_one: "{{count}} neuer Eintrag wartet.", waiting_other: "{{count}} neue Einträge warten.", export: "Exportieren", exportCsv: "Als CSV", exportJson: "Als JSON-Zeilen",
    entry: "Eintrag des Protokolls", gone: "Den Eintrag gibt es nicht, oder er ist nicht für Sie bestimmt.", impersonator: "Handelte an seiner Stelle", apiToken: "Mit dem API-Token", tokenOver: "Eines, das nicht mehr gilt", userAgent: "Programm", request: "Anfrage", moreOfActor: "Mehr von diesem Benutzer", moreOfObject: "Mehr zu diesem Objekt", moreOfAction: "Mehr von dieser Aktion", moreFromIp: "Mehr von dieser Adresse", noAddress: "Etwa 203.0.113.7 oder 203.0.113.0/24",
    difference: "Was sich geändert hat", noChange: "Mehr ist nicht zu sagen.", change: "Änderung", field: "Feld", before: "Vorher", after: "Nachher", added: "neu", removed: "entfernt", changed: "geändert", same: "gleich", value: "Wert",
  },
});
