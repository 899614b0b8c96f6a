import { texts } from "@/lib/text";

export const useTexts = texts("databases", {
  en: {
    databases: "Databases", name: "Name", state: "State", customer: "Customer", externalName: "Name on the server", host: "Host", size: "Size", connections: "Connections", created: "Created",
    searchHint: "Search by name", anyState: "Any state", loading: "Loading databases", none: "There is no database yet. Create the first: it is ready in seconds.", noneRead: "There is no database yet.", noneOf: "This customer has no database yet.", noneFound: "No database is like this. Change the filters.",
    state_PENDING: "Pending", state_ACTIVE: "Active", state_DEGRADED: "Degraded", state_SUSPENDED: "Suspended", state_FAILED: "Failed", state_DELETING: "Deleting",
    allCustomers: "All customers", create: "Create a database", creating: "The database is being made.", customerHint: "Search by name or address", customerFirst: "Choose whose it is to be.", nameHint: "1 to 41 small letters, digits and underscores, beginning with a letter.",
    prefixed: "On the server it is called {{name}}.", prefixIs: "On the server its name begins with {{prefix}}.", prefixLater: "On the server it gets the customer's prefix.", connectionLimit: "Connections at once", connectionLimitHint: "1 to 100, of all its logins together.",
    server: "Server", anyServer: "The panel places it", inMaintenance: "in maintenance", away: "not reachable", blocked: "cannot be used", notActing: "Passwords are shown to the user alone. End acting as the user first.",
    all_SUSPEND: "Suspend", all_RESUME: "Resume", all_DELETE: "Delete", allOf_SUSPEND_one: "Suspend {{count}} database", allOf_SUSPEND_other: "Suspend {{count}} databases", allOf_RESUME_one: "Resume {{count}} database", allOf_RESUME_other: "Resume {{count}} databases", allOf_DELETE_one: "Delete {{count}} database", allOf_DELETE_other: "Delete {{count}} databases", atMost: "At most 100 at once.",
    allText_SUSPEND: "Their logins are refused and sessions end. Nothing is removed.", allText_RESUME: "Their logins are let in again, with the same passwords.", allText_DELETE: "They are closed at once, and their data is dropped after the grace period.", allOrdered: "All are ordered.", deleteWord: "delete",
    reason: "Reason", reasonHint: "The customers read it.", deleteGrace: "The data is dropped", grace_default: "After the server's own grace period", grace_0: "At once", grace_86400: "In 1 day", grace_604800: "In 7 days", grace_2592000: "In 30 days",
  },
  de: {
    databases: "Datenbanken", name: "Name", state: "Zustand", customer: "Kunde", externalName: "Name auf dem Server", host: "Host", size: "Größe", connections: "Verbindungen", created: "Angelegt",
    searchHint: "Nach Namen suchen", anyState: "Jeder Zustand", loading: "Datenbanken werden geladen", none: "Es gibt noch keine Datenbank. Legen Sie die erste an: sie ist in Sekunden bereit.", noneRead: "Es gibt noch keine Datenbank.", noneOf: "Dieser Kunde hat noch keine Datenbank.", noneFound: "Keine Datenbank ist so. Ändern Sie die Filter.",
    state_PENDING: "Ausstehend", state_ACTIVE: "Aktiv", state_DEGRADED: "Gestört", state_SUSPENDED: "Gesperrt", state_FAILED: "Gescheitert", state_DELETING: "Wird gelöscht",
    allCustomers: "Alle Kunden", create: "Datenbank anlegen", creating: "Die Datenbank wird angelegt.", customerHint: "Nach Name oder Adresse suchen", customerFirst: "Wählen Sie, wem sie gehören soll.", nameHint: "1 bis 41 kleine Buchstaben, Ziffern und Unterstriche, mit einem Buchstaben am Anfang.",
    prefixed: "Auf dem Server heißt sie {{name}}.", prefixIs: "Auf dem Server beginnt ihr Name mit {{prefix}}.", prefixLater: "Auf dem Server bekommt sie das Präfix des Kunden.", connectionLimit: "Verbindungen zugleich", connectionLimitHint: "1 bis 100, von allen ihren Logins zusammen.",
    server: "Server", anyServer: "Das Panel wählt", inMaintenance: "in Wartung", away: "nicht erreichbar", blocked: "nicht benutzbar", notActing: "Passwörter werden nur dem Benutzer selbst gezeigt. Hören Sie erst auf, als er zu handeln.",
    all_SUSPEND: "Sperren", all_RESUME: "Entsperren", all_DELETE: "Löschen", allOf_SUSPEND_one: "{{count}} Datenbank sperren", allOf_SUSPEND_other: "{{count}} Datenbanken sperren", allOf_RESUME_one: "{{count}} Datenbank entsperren", allOf_RESUME_other: "{{count}} Datenbanken entsperren", allOf_DELETE_one: "{{count}} Datenbank löschen", allOf_DELETE_other: "{{count}} Datenbanken löschen", atMost: "Höchstens 100 auf einmal.",
    allText_SUSPEND: "Ihre Logins werden abgewiesen und Sitzungen beendet. Es wird nichts entfernt.", allText_RESUME: "Ihre Logins werden wieder eingelassen, mit denselben Passwörtern.", allText_DELETE: "Sie werden sofort geschlossen, und ihre Daten werden nach der Frist gelöscht.", allOrdered: "Alle sind beauftragt.", deleteWord: "löschen",
    reason: "Grund", reasonHint: "Die Kunden lesen ihn.", deleteGrace: "Die Daten werden gelöscht", grace_default: "Nach der Frist des Servers", grace_0: "Sofort", grace_86400: "In 1 Tag", grace_604800: "In 7 Tagen", grace_2592000: "In 30 Tagen",
  },
});
