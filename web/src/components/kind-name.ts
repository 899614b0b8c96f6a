import { texts } from "@/lib/text";

const useTexts = texts("kind-name", {
  en: {
    Database: "Database", DatabaseUser: "Database user", DatabaseDump: "Dump", DatabaseServer: "Database server", Server: "Server", Customer: "Customer", User: "User", Invitation: "Invitation",
    Session: "Session", ApiToken: "API token", Job: "Job", DriftFinding: "Drift", Notification: "Notification", AuditEvent: "Entry",
  },
  de: {
    Database: "Datenbank", DatabaseUser: "Datenbankbenutzer", DatabaseDump: "Dump", DatabaseServer: "Datenbankserver", Server: "Server", Customer: "Kunde", User: "Benutzer", Invitation: "Einladung",
    Session: "Sitzung", ApiToken: "API-Token", Job: "Auftrag", DriftFinding: "Abweichung", Notification: "Meldung", AuditEvent: "Eintrag",
  },
});

/** What the graph calls each thing that has an id. */
export type Kind = Parameters<ReturnType<typeof useTexts>>[0];

/** Says what something is, in the language of the page. */
export const useKindName = (): ((kind: Kind) => string) => useTexts();
