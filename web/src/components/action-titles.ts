import { useCallback } from "react";
import { texts } from "@/lib/text";

/** What each action of the audit is; the two underscores are its code's dot, which would lead into a text's name. */
const useTexts = texts("action-titles", {
  en: {
    called: "Call {{field}} of the API",
    api_token__create: "Create an API token", api_token__revoke: "Revoke an API token", audit__export: "Export the audit log", http__exportAudit: "Export the audit log", refusals__other: "Other calls",
    customer__archive: "Archive a customer", customer__create: "Create a customer", customer__resume: "Resume a customer", customer__suspend: "Suspend a customer", customer__update: "Change a customer",
    database__bulk: "Change several databases", database__clone: "Clone a database", database__create: "Create a database", database__delete: "Delete a database", database__discard: "Discard a failed database",
    database__export: "Export a database", database__import: "Import a dump", database__keep_login: "Keep the login before", database__open_for_cleanup: "Open a database for cleanup", database__restore: "Take back a deletion",
    database__resume: "Resume a database", database__rotate: "Rotate a password", database__set_access: "Change access", database__set_drift_policy: "Change what drift leads to", database__suspend: "Suspend a database",
    database_dump__delete: "Delete a dump", database_dump__download: "Download a dump", database_dump__link: "Make a link for a dump", database_dump__upload: "Upload a dump",
    database_server__check: "Check a server", database_server__register: "Register a server", database_server__release_drift_brake: "Release the brake on repairs", database_server__remove: "Remove a server",
    database_server__set_maintenance: "Change a server's maintenance", database_server__survey: "Compare a server", database_server__update: "Change a server",
    database_user__create: "Create a database user", database_user__delete: "Delete a database user", database_user__discard: "Discard a failed database user", database_user__rotate: "Rotate a user's password", database_user__update: "Change a database user",
    drift_finding__decide: "Decide about drift", invitation__accept: "Accept an invitation", invitation__create: "Invite somebody", invitation__revoke: "Revoke an invitation", job__cancel: "Cancel a job", job__retry: "Try a job again",
    membership__change: "Change a membership", membership__remove: "Remove a member", notification__mark_read: "Mark notifications as read", quota__level: "A quota's level changes",
    session__confirm: "Confirm who is there", session__refresh: "Renew a session", session__reuse: "Use a session's old token again", session__revoke: "End sessions", session__sign_out: "Sign out",
    user__begin_totp: "Begin to set up the authenticator app", user__change_email: "Change an e-mail address", user__change_password: "Change one's password", user__confirm_totp: "Turn on the authenticator app", user__create_admin: "Create an administrator",
    user__disable: "Disable a user", user__disable_totp: "Turn off the authenticator app", user__enable: "Enable a user", user__end_impersonation: "End acting as a user", user__impersonate: "Act as a user", user__new_recovery_codes: "Make new recovery codes",
    user__request_change_email: "Ask for another e-mail address", user__request_email_verification: "Ask for a link that confirms the address", user__request_password_reset: "Ask for a link that resets the password", user__reset_password: "Reset a password",
    user__reset_second_factor: "Reset a user's second factor", user__set_provider_role: "Change a user's role", user__set_up: "Set up the panel", user__sign_in: "Sign in", user__sign_up: "Sign up", user__update_profile: "Change one's profile", user__verify_email: "Confirm an e-mail address",
  },
  de: {
    called: "{{field}} der API aufrufen",
    api_token__create: "API-Token anlegen", api_token__revoke: "API-Token widerrufen", audit__export: "Protokoll exportieren", http__exportAudit: "Protokoll exportieren", refusals__other: "Weitere Aufrufe",
    customer__archive: "Kunden archivieren", customer__create: "Kunden anlegen", customer__resume: "Kunden entsperren", customer__suspend: "Kunden sperren", customer__update: "Kunden ändern",
    database__bulk: "Mehrere Datenbanken ändern", database__clone: "Datenbank klonen", database__create: "Datenbank anlegen", database__delete: "Datenbank löschen", database__discard: "Gescheiterte Datenbank verwerfen",
    database__export: "Datenbank exportieren", database__import: "Dump importieren", database__keep_login: "Login davor behalten", database__open_for_cleanup: "Datenbank zum Aufräumen öffnen", database__restore: "Löschen zurücknehmen",
    database__resume: "Datenbank entsperren", database__rotate: "Passwort erneuern", database__set_access: "Netzzugang ändern", database__set_drift_policy: "Umgang mit Abweichungen ändern", database__suspend: "Datenbank sperren",
    database_dump__delete: "Dump löschen", database_dump__download: "Dump herunterladen", database_dump__link: "Link zu einem Dump erstellen", database_dump__upload: "Dump hochladen",
    database_server__check: "Server prüfen", database_server__register: "Server anmelden", database_server__release_drift_brake: "Bremse der Reparaturen lösen", database_server__remove: "Server entfernen",
    database_server__set_maintenance: "Wartung eines Servers ändern", database_server__survey: "Server vergleichen", database_server__update: "Server ändern",
    database_user__create: "Datenbankbenutzer anlegen", database_user__delete: "Datenbankbenutzer löschen", database_user__discard: "Gescheiterten Datenbankbenutzer verwerfen", database_user__rotate: "Passwort eines Datenbankbenutzers erneuern", database_user__update: "Datenbankbenutzer ändern",
    drift_finding__decide: "Über eine Abweichung entscheiden", invitation__accept: "Einladung annehmen", invitation__create: "Jemanden einladen", invitation__revoke: "Einladung widerrufen", job__cancel: "Auftrag abbrechen", job__retry: "Auftrag noch einmal versuchen",
    membership__change: "Mitgliedschaft ändern", membership__remove: "Mitglied entfernen", notification__mark_read: "Meldungen als gelesen markieren", quota__level: "Stufe eines Kontingents wechselt",
    session__confirm: "Bestätigen, wer da ist", session__refresh: "Sitzung erneuern", session__reuse: "Altes Token einer Sitzung wiederverwenden", session__revoke: "Sitzungen beenden", session__sign_out: "Abmelden",
    user__begin_totp: "Authenticator-App einzurichten beginnen", user__change_email: "E-Mail-Adresse ändern", user__change_password: "Eigenes Passwort ändern", user__confirm_totp: "Authenticator-App einschalten", user__create_admin: "Administrator anlegen",
    user__disable: "Benutzer deaktivieren", user__disable_totp: "Authenticator-App ausschalten", user__enable: "Benutzer aktivieren", user__end_impersonation: "Handeln als Benutzer beenden", user__impersonate: "Als Benutzer handeln", user__new_recovery_codes: "Neue Wiederherstellungscodes erzeugen",
    user__request_change_email: "Andere E-Mail-Adresse anfordern", user__request_email_verification: "Link zur Bestätigung der Adresse anfordern", user__request_password_reset: "Link zum Zurücksetzen des Passworts anfordern", user__reset_password: "Passwort zurücksetzen",
    user__reset_second_factor: "Zweiten Faktor eines Benutzers zurücksetzen", user__set_provider_role: "Rolle eines Benutzers ändern", user__set_up: "Panel einrichten", user__sign_in: "Anmelden", user__sign_up: "Registrieren", user__update_profile: "Eigenes Profil ändern", user__verify_email: "E-Mail-Adresse bestätigen",
  },
});

/** The root fields of the graph; who is refused one has an entry with its name. */
const rootField = /^(?:query|mutation|subscription)\.(.+)$/;

/** Says in words what an action is; one that these pages do not know yet is said as the graph does. */
export function useActionTitle(): (action: string) => string {
  const t = useTexts();
  return useCallback((action) => {
    const [, field] = rootField.exec(action) ?? [];
    if (field) return t("called", { field });
    const key = action.replace(".", "__");
    const title = t(key as "customer__create");
    return title === key ? action : title;
  }, [t]);
}
