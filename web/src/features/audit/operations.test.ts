import { describe, expect, it } from "vitest";
import { addressOf, type Entry, filterOf, fits } from "./operations";

describe("U40: an address to filter by", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"], [" 203.0.113.7 ", "203.0.113.7"], ["203.0.113.0/24", "203.0.113.0/24"],
    ["2001:0DB8:0:0::1", "2001:db8::1"], ["2001:db8::/64", "2001:db8::/64"], ["::1", "::1"],
    ["203.0.113.", undefined], ["203.0.113", undefined], ["", undefined], ["somewhere", undefined], ["2001:db8:::1", undefined], ["::1]/x", undefined], ["1.2.3.4/a", undefined], ["1.2.3.4/8/9", undefined],
  ])("%s is %s", (typed, known) => expect(addressOf(typed)).toBe(known));

  it("lets through live what came from it alone", () => {
    const from = (ip: string | null) => fits({ id: "e", at: "2026-01-01T00:00:00Z", action: "x.y", allowed: true, times: 1, ip } as Entry, filterOf({ ip: "203.0.113.7" }));
    expect([from("203.0.113.7"), from("203.0.113.70"), from(null)]).toEqual([true, false, false]);
  });
});
