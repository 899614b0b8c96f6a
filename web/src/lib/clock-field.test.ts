import { afterEach, expect, it } from "vitest";
import { fromClock, toClock } from "./clock-field";
import { setTimeZone, timeZone } from "./format";

const before = timeZone.get();
afterEach(() => setTimeZone(before));

it("U40: a field's clock is that of the chosen zone, over changes of summer time too", () => {
  setTimeZone("Europe/Berlin");
  expect(toClock("2026-07-01T10:00:00Z")).toBe("2026-07-01T12:00");
  expect(fromClock("2026-07-01T12:00")).toBe("2026-07-01T10:00:00.000Z");
  expect(fromClock("2026-01-01T00:30")).toBe("2025-12-31T23:30:00.000Z");
  expect(fromClock("2026-03-29T03:30")).toBe("2026-03-29T01:30:00.000Z");
  expect(fromClock("2026-10-25T04:00")).toBe("2026-10-25T03:00:00.000Z");
  setTimeZone("America/New_York");
  expect(toClock("2026-01-01T00:30:00Z")).toBe("2025-12-31T19:30");
  expect(fromClock("")).toBeUndefined();
  expect(toClock("rubbish")).toBe("");
  expect(toClock(undefined)).toBe("");
});
