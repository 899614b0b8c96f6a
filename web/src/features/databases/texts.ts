import { texts } from "@/lib/text";

export const useTexts = texts("databases", {
  en: {
    databases: "Databases", name: "Name", state: "State", customer: "Customer", externalName: "Name on the server", host: "Host", size: "Size", connections: "Connections", created: "Created",
    searchHint: "Search by name", anyState: "Any state", loading: "Loading databases", none: "There is no database yet.", noneFound: "No database is like this. Change the filters.",
    state_PENDING: "Pending", state_ACTIVE: "Active", state_DEGRADED: "Degraded", state_SUSPENDED: "Suspended", state_FAILED: "Failed", state_DELETING: "Deleting",
  },
  de: {
    databases: "Datenbanken", name: "Name", state: "Zustand", customer: "Kunde", externalName: "Name auf dem Server", host: "Host", size: "Größe", connections: "Verbindungen", created: "Angelegt",
    searchHint: "Nach Namen suchen", anyState: "Jeder Zustand", loading: "Datenbanken werden geladen", none: "Es gibt noch keine Datenbank.", noneFound: "Keine Datenbank ist so. Ändern Sie die Filter.",
    state_PENDING: "Ausstehend", state_ACTIVE: "Aktiv", state_DEGRADED: "Gestört", state_SUSPENDED: "Gesperrt", state_FAILED: "Gescheitert", state_DELETING: "Wird gelöscht",
  },
});
