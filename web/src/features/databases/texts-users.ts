import { texts } from "@/lib/text";

export const useTexts = texts("database-users", {
  en: {
    users: "Users", loading: "Loading users", none: "The database has its own login {{username}} alone. Add users for people and programs that need other rights.", add: "Add a user", added: "The user is being made.",
    name: "Name", nameHint: "Small letters, digits and underscores. The server puts a prefix before it.", username: "Login", rights: "Rights", state: "State", limit: "Connections at once", limitHint: "1 to {{max}}, those of the database.", timeout: "Statement timeout in seconds", timeoutHint: "Statements that take longer are ended; 0 for none. Each session can set another.", created: "Created", actions: "Actions",
    rights_READ_ONLY: "Reads", rights_READ_WRITE: "Reads and writes", rights_OWNER: "Owner",
    rightsHint_READ_ONLY: "Reads tables, views and sequences.", rightsHint_READ_WRITE: "Changes rows, too; defines nothing.", rightsHint_OWNER: "Everything that the database's own login may do.",
    change_label: "Change {{name}}", rotate_label: "Give {{name}} another password", delete_label: "Delete {{name}}", save: "Save", changed: "The user is being changed.", changeText: "Other rights end the user's sessions. What it owns goes to the database's own login.",
    rotate: "Rotate the password", rotated: "The password is being changed.", rotateText: "The sessions of the old password end. It works until the job has succeeded.",
    delete: "Delete the user", deleted: "The user is being deleted.", deleteText: "Its sessions end, and what it owns goes to {{username}}.", notActing: "Passwords are shown to the user alone. End acting as the user first.",
  },
  de: {
    users: "Benutzer", loading: "Benutzer werden geladen", none: "Die Datenbank hat nur ihren eigenen Login {{username}}. Fügen Sie Benutzer für Menschen und Programme hinzu, die andere Rechte brauchen.", add: "Benutzer hinzufügen", added: "Der Benutzer wird angelegt.",
    name: "Name", nameHint: "Kleine Buchstaben, Ziffern und Unterstriche. Der Server stellt ein Präfix davor.", username: "Login", rights: "Rechte", state: "Zustand", limit: "Verbindungen zugleich", limitHint: "1 bis {{max}}, wie bei der Datenbank.", timeout: "Zeitgrenze für Anweisungen in Sekunden", timeoutHint: "Was länger dauert, wird beendet; 0 für keine. Jede Sitzung kann eine andere setzen.", created: "Angelegt", actions: "Aktionen",
    rights_READ_ONLY: "Liest", rights_READ_WRITE: "Liest und schreibt", rights_OWNER: "Eigentümer",
    rightsHint_READ_ONLY: "Liest Tabellen, Sichten und Sequenzen.", rightsHint_READ_WRITE: "Ändert auch Zeilen; legt nichts an.", rightsHint_OWNER: "Alles, was der eigene Login der Datenbank darf.",
    change_label: "{{name}} ändern", rotate_label: "{{name}} ein anderes Passwort geben", delete_label: "{{name}} löschen", save: "Speichern", changed: "Der Benutzer wird geändert.", changeText: "Andere Rechte beenden die Sitzungen des Benutzers. Was ihm gehört, geht an den eigenen Login der Datenbank.",
    rotate: "Passwort erneuern", rotated: "Das Passwort wird geändert.", rotateText: "Die Sitzungen des alten Passworts enden. Es gilt, bis der Auftrag erledigt ist.",
    delete: "Benutzer löschen", deleted: "Der Benutzer wird gelöscht.", deleteText: "Seine Sitzungen enden, und was ihm gehört, geht an {{username}}.", notActing: "Passwörter werden nur dem Benutzer selbst gezeigt. Hören Sie erst auf, als er zu handeln.",
  },
});
