import { renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { setLanguage } from "@/lib/text";
import { type Said, useNoticeText } from "./notice-sentence";

afterEach(() => setLanguage("en"));

const job = { __typename: "Job", id: "j1", kind: "database.clone", error: { message: "The name is taken." }, waitingFor: "The server is away.", resource: { __typename: "Database", id: "d1", name: "shop" } };
const customer = { __typename: "Customer", id: "c1", title: "Acme" };
const of = (kind: string, object: object | null, level = "ERROR") => renderHook(useNoticeText).result.current({ kind, level, object, message: "As the panel says it." } as Said);

it.each([
  ["JOB_SUCCEEDED", "Done: Clone a database · shop", "Erledigt: Datenbank klonen · shop", undefined],
  ["JOB_FAILED", "Failed: Clone a database · shop", "Fehlgeschlagen: Datenbank klonen · shop", "The name is taken."],
  ["JOB_CANCELED", "Canceled, and what was done was taken back: Clone a database · shop", "Abgebrochen, und was getan war, wurde zurückgenommen: Datenbank klonen · shop", undefined],
  ["JOB_STUCK", "Stuck, and tried again every hour: Clone a database · shop", "Hängt, und wird stündlich noch einmal versucht: Datenbank klonen · shop", "The server is away."],
])("says %s in the language of the page, with what the job does and why", (kind, english, german, reason) => {
  expect(of(kind, job)).toEqual({ sentence: english, reason });
  setLanguage("de");
  expect(of(kind, job)).toEqual({ sentence: german, reason });
});
it("gives no reason where there is none, and names no resource that is gone", () => {
  expect(of("JOB_FAILED", { ...job, error: null, resource: null })).toEqual({ sentence: "Failed: Clone a database", reason: undefined });
});
it("says a kind of job that these pages do not know as the graph does", () => {
  expect(of("JOB_SUCCEEDED", { ...job, kind: "mail.create" }).sentence).toBe("Done: mail.create · shop");
});
it("has what the panel said where the job is gone, or not the viewer's to see any more", () => {
  setLanguage("de");
  expect(of("JOB_FAILED", null)).toEqual({ sentence: "Fehlgeschlagen: ein Auftrag", reason: "As the panel says it." });
});
it.each([
  ["WARNING", customer, "Datenbanken kommen ihrem Kontingent nahe: Acme"],
  ["ERROR", customer, "Datenbanken belegen mehr als ihr Kontingent, und sind geschlossen, bis weniger als 90 % davon belegt sind: Acme"],
  ["WARNING", null, "Datenbanken kommen ihrem Kontingent nahe: ein Kunde"],
])("says of a quota that it is %s, of %o", (level, object, sentence) => {
  setLanguage("de");
  expect(of("QUOTA_LEVEL", object, level)).toEqual({ sentence });
});
it("says a kind that these pages do not know yet as the panel does", () => {
  expect(of("DISK_FULL", job)).toEqual({ sentence: "As the panel says it." });
});
