import { texts } from "@/lib/text";

export const useTexts = texts("dashboard", {
  en: {
    dashboard: "Dashboard", loading: "Loading the dashboard", running: "Jobs at work", failed: "Failed jobs, last 7 days", stuck: "Stuck jobs", findings: "Open findings", troubled: "Servers that need attention", databases: "Databases", customers: "Customers",
    quotas: "Quotas",
    now: "At work now", nothing: "Nothing is at work.", recent: "Recently done", noAudit: "Nothing was done yet.", all: "All", refused: "Refused", panel: "The panel",
    host: "This server", cpu: "Processor", memory: "Memory", disks: "Disks", reads: "Read", writes: "Written", hangs: "does not answer, as it was last", network: "Network", received: "In", sent: "Out", load: "Load {{one}} · {{five}} · {{fifteen}}", uptime: "Up for {{time}}", pause: "Pause", resume: "Go on",
    stale: "Nothing has come for a while; last seen {{when}}.", minutes: "2 min", hour: "1 h", day: "24 h", unread: "What was before could not be read; it is tried again in a minute.", window: "Time that is shown", disk: "{{mount}}: {{used}} of {{total}}",
    checklist: "First steps", done: "done", open: "to do", step_totp: "Protect your account with an authenticator app", step_server: "Register a database server", step_customer: "Add a customer", step_database: "Create a database", step_invite: "Invite a colleague or a customer", hide: "Hide in this browser",
    welcome: "Here is what goes on.",
  },
  de: {
    dashboard: "Übersicht", loading: "Die Übersicht wird geladen", running: "Laufende Aufträge", failed: "Gescheiterte Aufträge, letzte 7 Tage", stuck: "Hängende Aufträge", findings: "Offene Abweichungen", troubled: "Gestörte Server", databases: "Datenbanken", customers: "Kunden",
    quotas: "Kontingente",
    now: "Gerade in Arbeit", nothing: "Nichts ist in Arbeit.", recent: "Zuletzt getan", noAudit: "Es wurde noch nichts getan.", all: "Alle", refused: "Verweigert", panel: "Das Panel",
    host: "Dieser Server", cpu: "Prozessor", memory: "Arbeitsspeicher", disks: "Datenträger", reads: "Gelesen", writes: "Geschrieben", hangs: "antwortet nicht, zuletzt bekannter Stand", network: "Netz", received: "Ein", sent: "Aus", load: "Last {{one}} · {{five}} · {{fifteen}}", uptime: "Läuft seit {{time}}", pause: "Anhalten", resume: "Weiter",
    stale: "Seit einer Weile kommt nichts; zuletzt gesehen {{when}}.", minutes: "2 min", hour: "1 h", day: "24 h", unread: "Was vorher war, konnte nicht gelesen werden; in einer Minute wird es noch einmal versucht.", window: "Gezeigte Zeit", disk: "{{mount}}: {{used}} von {{total}}",
    checklist: "Erste Schritte", done: "erledigt", open: "offen", step_totp: "Schützen Sie Ihr Konto mit einer Authenticator-App", step_server: "Tragen Sie einen Datenbankserver ein", step_customer: "Legen Sie einen Kunden an", step_database: "Legen Sie eine Datenbank an", step_invite: "Laden Sie jemanden ein", hide: "In diesem Browser ausblenden",
    welcome: "Was gerade geschieht.",
  },
});
