import { act, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { useSentence } from "@/components/use-sentence";
import { setLanguage } from "@/lib/text";
import { useSay } from "./use-say";

afterEach(() => act(() => setLanguage("en")));

it("says what the panel said in the language of the page, also when that changes", async () => {
  const { result } = renderHook(useSay);
  expect(result.current("This job is at work.")).toBe("This job is at work.");
  act(() => setLanguage("de"));
  await waitFor(() => expect(result.current("This job is at work.")).toBe("Dieser Auftrag läuft."));
  act(() => setLanguage("en"));
  expect(result.current("This job is at work.")).toBe("This job is at work.");
});

it("says a problem by its code where that says all, else by its sentence", async () => {
  act(() => setLanguage("de"));
  const { result } = renderHook(useSentence);
  await waitFor(() => expect(result.current({ code: "CONFLICT", message: "This exists already." })).toBe("Das gibt es schon."));
  expect(result.current({ code: "UNAUTHENTICATED", message: "The code is wrong or was used already." })).toBe("Sie sind nicht angemeldet.");
  expect(result.current({ code: "CONFLICT", message: "Quite new." })).toBe("Quite new.");
});
