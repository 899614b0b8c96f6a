import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { texts } from "@/lib/text";
import { type Kind, useKindName } from "./kind-name";
import { LongName } from "./long-name";

/** What each kind of job does; a dot within a text's name would lead into it. */
const useTexts = texts("job-title", {
  en: {
    customer_suspend: "Suspend a customer", customer_resume: "Resume a customer", database_create: "Create a database", database_delete: "Delete a database", database_suspend: "Suspend a database",
    database_resume: "Resume a database", database_rotate: "Rotate a password", database_rotate_with_grace: "Rotate a password with grace", database_retire_login: "Retire an old login", database_return_login: "Return to the old login",
    database_close: "Close a database over its quota", database_open: "Open a database", database_set_access: "Change access", database_export: "Export a database", database_import: "Import a dump", database_clone: "Clone a database",
    database_bulk: "Change several databases", database_repair: "Repair a database", database_recreate: "Recreate a database", database_adopt: "Adopt a database", database_user_create: "Create a database user",
    database_user_update: "Change a database user", database_user_rotate: "Rotate a user's password", database_user_delete: "Delete a database user", drift_remove_orphan: "Remove an orphan",
  },
  de: {
    customer_suspend: "Kunden sperren", customer_resume: "Kunden entsperren", database_create: "Datenbank anlegen", database_delete: "Datenbank löschen", database_suspend: "Datenbank sperren",
    database_resume: "Datenbank entsperren", database_rotate: "Passwort erneuern", database_rotate_with_grace: "Passwort mit Frist erneuern", database_retire_login: "Login davor entfernen", database_return_login: "Zum Login davor zurückkehren",
    database_close: "Datenbank über ihrem Kontingent schließen", database_open: "Datenbank öffnen", database_set_access: "Netzzugang ändern", database_export: "Datenbank exportieren", database_import: "Dump importieren", database_clone: "Datenbank klonen",
    database_bulk: "Mehrere Datenbanken ändern", database_repair: "Datenbank reparieren", database_recreate: "Datenbank neu anlegen", database_adopt: "Datenbank übernehmen", database_user_create: "Datenbankbenutzer anlegen",
    database_user_update: "Datenbankbenutzer ändern", database_user_rotate: "Passwort eines Datenbankbenutzers erneuern", database_user_delete: "Datenbankbenutzer löschen", drift_remove_orphan: "Verwaistes entfernen",
  },
});

/** Says in words what a kind of job does; one that these pages do not know yet is said as the graph does. */
export function useJobTitle(): (kind: string) => string {
  const t = useTexts();
  return useCallback((kind) => {
    const key = kind.replaceAll(".", "_");
    const title = t(key as "database_create");
    return title === key ? kind : title;
  }, [t]);
}

/** What a job works on, as far as the graph names it; `title` is a customer's name. */
export type JobResource = { __typename: Kind; id?: string; name?: string | null; title?: string; username?: string } | null | undefined;

export const nameOfResource = (of: JobResource): string | undefined => of?.name ?? of?.title ?? of?.username;

/** Names what a job works on, and what it is where that has no name; undefined where it is nothing, or gone. */
export function useResourceName(): (of: JobResource) => string | undefined {
  const kind = useKindName();
  return useCallback((of) => (of ? (nameOfResource(of) ?? kind(of.__typename)) : undefined), [kind]);
}

const places: { [kind in Kind]?: string } = { Database: "databases", Customer: "customers", DatabaseServer: "servers" };

/** What a job works on, and the way there. */
export function ResourceLink({ of }: { of: JobResource }) {
  const name = useResourceName()(of);
  if (!of || name === undefined) return <>–</>;
  const place = places[of.__typename];
  return place ? <Anchor component={Link} to={`/${place}/${of.id}`} size="sm"><LongName name={name} /></Anchor> : <LongName name={name} />;
}
