import { afterEach, describe, expect, it, vi } from "vitest";
import { bytes, clock, dateTime, duration, number, percent, relative, setTimeZone, timeZone } from "./format";
import { setLanguage } from "./text";

afterEach(() => {
  setLanguage("en");
  vi.restoreAllMocks();
});
const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, " ");

describe("sizes and numbers", () => {
  it.each([[null, "–"], [undefined, "–"], [0, "0 B"], ["1023", "1,023 B"], [1024, "1 KiB"], ["1536", "1.5 KiB"], [150 * 1024 ** 2, "150 MiB"], [1024 ** 3 * 2.25, "2.3 GiB"], [1024 ** 6, "1,024 PiB"], [-2048, "-2 KiB"]])("%s is %s", (value, said) => expect(bytes(value)).toBe(said));
  it("are written as the language has it", () => {
    setLanguage("de");
    expect([bytes("1536"), number("1234567"), plain(percent(12.4))]).toEqual(["1,5 KiB", "1.234.567", "12 %"]);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");
  it.each([[-0.2, "now"], [-59, "59 seconds ago"], [-60, "1 minute ago"], [-3_599, "59 minutes ago"], [7_200, "in 2 hours"], [-86_400, "yesterday"], [-40 * 86_400, "last month"], [800 * 86_400, "in 2 years"]])("%i seconds away is %s", (seconds, said) => expect(relative(new Date(now + seconds * 1000), "long", now)).toBe(said));
  it("are said in German, too, and short where there is little room", () => {
    setLanguage("de");
    expect(relative(new Date(now - 120_000), "long", now)).toBe("vor 2 Minuten");
    setLanguage("en");
    expect(relative(new Date(now - 120_000), "narrow", now)).toBe("2m ago");
  });
  it("are those of the chosen zone, which this browser remembers", () => {
    setTimeZone("Asia/Tokyo");
    expect(plain(dateTime("2026-11-26T20:30:05Z"))).toBe("Nov 27, 2026, 5:30:05 AM");
    expect(plain(clock(now / 1000))).toBe("7:00:00 PM");
    expect(plain(clock(now / 1000, true))).toBe("7:00 PM");
    expect(localStorage.getItem("mpanel-time-zone")).toBe("Asia/Tokyo");
    setLanguage("de");
    expect(dateTime("2026-11-26T20:30:05Z")).toBe("27.11.2026, 05:30:05");
    timeZone.set("UTC");
  });
});

it.each([[340.4, "340 ms"], [999.4, "999 ms"], [2_400, "2.4 s"], [59_000, "59 s"], [65_000, "1 min 5 s"], [3_599_600, "1 h 0 min"], [7_260_000, "2 h 1 min"]])("a duration of %d ms is %s", (ms, said) => expect(duration(ms)).toBe(said));
