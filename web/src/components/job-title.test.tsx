import { renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { setLanguage } from "@/lib/text";
import { useJobTitle } from "./job-title";

afterEach(() => setLanguage("en"));

it.each([
  ["customer.resume", "Kunden entsperren"], ["database.resume", "Datenbank entsperren"], ["database.rotate", "Passwort erneuern"], ["database.retire_login", "Login davor entfernen"], ["database.set_access", "Netzzugang ändern"],
  ["database.close", "Datenbank über ihrem Kontingent schließen"], ["database.user_create", "Datenbankbenutzer anlegen"], ["not.known", "not.known"],
])("a job says in German what it does with the words of the pages: %s", (kind, said) => {
  setLanguage("de");
  expect(renderHook(useJobTitle).result.current(kind)).toBe(said);
});
