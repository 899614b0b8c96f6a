import { texts } from "@/lib/text";

export const useTexts = texts("database-dumps", {
  en: {
    dumps: "Dumps", loading: "Loading dumps", none: "There is no dump of this database. Export it to have a copy, or upload a dump to load it.", created: "Made", origin: "From", origin_EXPORT: "Export", origin_UPLOAD: "Upload", state: "State", format: "Format", size: "File", raw: "Uncompressed", expires: "Is removed", actions: "Actions",
    format_PLAIN: "SQL", format_PLAIN_GZIP: "SQL, gzip", format_CUSTOM: "pg_dump custom", notUsable: "Only an active database can be exported or loaded.",
    export: "Export", exportTitle: "Export {{name}}", exportHint: "Reading and writing go on meanwhile.", exporting: "The export has begun.", close: "Close", cancel: "Cancel",
    fetch: "Download", makeLink: "Make a download link", linkText: "The link works once, for whoever has it. Every use is recorded.", linkReady: "The dump is ready", download: "Download the dump", link: "Link", linkUntil: "Works once, until {{at}}.", linkOnce: "Works once.",
    uploadDump: "Upload a dump", upload: "Upload", uploading: "Uploading", file: "File", fileHint: "Of pg_dump: SQL, SQL with gzip, or its custom format; at most 20 GiB.", choose: "Choose a file", chooseFirst: "Choose a file to upload.", noFile: "Take the file away", sent: "{{sent}} of {{all}} ({{share}})", stop: "Stop the upload", again: "Try again", uploadFailed: "The upload failed", uploadBroken: "The connection broke off. Nothing was loaded; try again.",
    import: "Load into the database", importTitle: "Load a dump into {{name}}", importText: "All of it is loaded, or nothing. The database has to be empty, unless its content is replaced.", replace: "Replace what is there", replaceWarning: "Everything that the login of {{name}} owns is dropped first. There is no way back once the job has succeeded.", importing: "The dump is being loaded.",
    remove: "Remove the dump", removeText: "The dump and its file are removed for good.", removed: "The dump is removed.", notActing: "Links to data are for the user alone. End acting as the user first.",
  },
  de: {
    dumps: "Dumps", loading: "Dumps werden geladen", none: "Von dieser Datenbank gibt es keinen Dump. Exportieren Sie sie für eine Kopie, oder laden Sie einen Dump hoch, um ihn einzuspielen.", created: "Erstellt", origin: "Aus", origin_EXPORT: "Export", origin_UPLOAD: "Upload", state: "Zustand", format: "Format", size: "Datei", raw: "Unkomprimiert", expires: "Wird entfernt", actions: "Aktionen",
    format_PLAIN: "SQL", format_PLAIN_GZIP: "SQL, gzip", format_CUSTOM: "pg_dump custom", notUsable: "Nur eine aktive Datenbank lässt sich exportieren oder laden.",
    export: "Exportieren", exportTitle: "{{name}} exportieren", exportHint: "Lesen und Schreiben gehen dabei weiter.", exporting: "Der Export hat begonnen.", close: "Schließen", cancel: "Abbrechen",
    fetch: "Herunterladen", makeLink: "Link erstellen", linkText: "Der Link gilt einmal, für jeden, der ihn hat. Jede Verwendung wird festgehalten.", linkReady: "Der Dump ist fertig", download: "Dump herunterladen", link: "Link", linkUntil: "Gilt einmal, bis {{at}}.", linkOnce: "Gilt einmal.",
    uploadDump: "Dump hochladen", upload: "Hochladen", uploading: "Wird hochgeladen", file: "Datei", fileHint: "Von pg_dump: SQL, SQL mit gzip oder sein eigenes Format; höchstens 20 GiB.", choose: "Datei wählen", chooseFirst: "Wählen Sie eine Datei zum Hochladen.", noFile: "Datei wegnehmen", sent: "{{sent}} von {{all}} ({{share}})", stop: "Hochladen abbrechen", again: "Noch einmal versuchen", uploadFailed: "Das Hochladen ist gescheitert", uploadBroken: "Die Verbindung ist abgerissen. Es wurde nichts geladen; versuchen Sie es noch einmal.",
    import: "In die Datenbank laden", importTitle: "Dump in {{name}} laden", importText: "Es wird alles geladen oder nichts. Die Datenbank muss leer sein, es sei denn, ihr Inhalt wird ersetzt.", replace: "Vorhandenes ersetzen", replaceWarning: "Alles, was dem Login von {{name}} gehört, wird zuerst gelöscht. Ist der Auftrag erledigt, gibt es keinen Weg zurück.", importing: "Der Dump wird geladen.",
    remove: "Dump entfernen", removeText: "Der Dump und seine Datei werden endgültig entfernt.", removed: "Der Dump ist entfernt.", notActing: "Links zu Daten sind nur für den Benutzer selbst. Hören Sie erst auf, als er zu handeln.",
  },
});
