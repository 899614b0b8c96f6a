import { renderHook } from "@testing-library/react";
import i18next from "i18next";
import { afterEach, expect, it, vi } from "vitest";
import { languages, setLanguage, startTexts, texts } from "./text";

afterEach(() => setLanguage("en"));
const useRows = texts("test-of-texts", { en: { rows_one: "{{count}} row", rows_other: "{{count}} rows", hello: "Hello, {{name}}" }, de: { rows_one: "{{count}} Zeile", rows_other: "{{count}} Zeilen", hello: "Hallo, {{name}}" } });

it.each([["en", 0, "0 rows"], ["en", 1, "1 row"], ["de", 1, "1 Zeile"], ["de", 2, "2 Zeilen"]] as const)("counts as people do in %s: %i", (language, count, said) => {
  setLanguage(language);
  expect(renderHook(() => useRows()).result.current("rows", { count })).toBe(said);
});

it("puts values into texts as they are, since React writes them as text", () => {
  expect(renderHook(() => useRows()).result.current("hello", { name: "<b>&" })).toBe("Hello, <b>&");
});

it.each([[null, ["fr", "de-AT"], "de"], [null, ["fr"], "en"], ["de", ["en"], "de"], ["xx", ["en"], "en"], [null, [], "en"]])("begins in the language that was chosen (%s), else in the browser's first of ours (%s): %s", (chosen, browser, language) => {
  if (chosen) localStorage.setItem("mpanel-language", chosen);
  vi.spyOn(navigator, "languages", "get").mockReturnValue(browser);
  startTexts();
  expect(i18next.language).toBe(language);
  expect(document.documentElement.lang).toBe(language);
});

it("remembers a language, and tells it to who reads the page aloud", () => {
  setLanguage("de");
  expect(localStorage.getItem("mpanel-language")).toBe("de");
  expect(document.documentElement.lang).toBe("de");
  expect(Object.keys(languages)).toEqual(["en", "de"]);
});
