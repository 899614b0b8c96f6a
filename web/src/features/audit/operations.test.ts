import { describe, expect, it } from "vitest";
import { addressOf } from "./address";
import { type Entry, filterOf, fits } from "./operations";

describe("U40: an address to filter by", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"], [" 203.0.113.7 ", "203.0.113.7"], ["203.0.113.0/24", "203.0.113.0/24"],
    ["2001:0DB8:0:0::1", "2001:db8::1"], ["2001:db8::/64", "2001:db8::/64"], ["::1", "::1"],
    ["203.0.113.", undefined], ["203.0.113", undefined], ["", undefined], ["somewhere", undefined], ["2001:db8:::1", undefined], ["::1]/x", undefined], ["1.2.3.4/a", undefined], ["1.2.3.4/8/9", undefined],
    // As the panel reads them.
    ["10.0.0.5/8", "10.0.0.0/8"], ["10.200.0.5/9", "10.128.0.0/9"], ["1.2.3.4/0", "0.0.0.0/0"], ["2001:db8::5/64", "2001:db8::/64"], ["2001:db8:0:ffff::/49", "2001:db8:0:8000::/49"], ["2001:DB8:0:0:5::/64", "2001:db8::/64"],
    ["::ffff:1.2.3.4", "1.2.3.4"], ["::FFFF:102:304", "1.2.3.4"], ["::ffff:1.2.3.4/120", "1.2.3.0/24"], ["::ffff:1.2.3.4/95", "::fffe:0:0/95"], ["::ffff:1.2.3.4/128", "1.2.3.4"], ["2001:db8::1%eth0", "2001:db8::1"], ["fe80::1%eth0/64", "fe80::1"], ["::1.2.3.4", "::102:304"], ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["999.1.1.1", undefined], ["1.2.3.04", undefined], ["1.2.3.4/33", undefined], ["1.2.3.4/999", undefined], ["1.2.3.4/08", undefined], ["1.2.3.4/", undefined], ["::1/129", undefined], ["2001:db8::1%", undefined], ["1.2.3.4%eth0", undefined], ["fe80::1/64%eth0", undefined], ["::ffff:1.2.3.256", undefined],
    // What holds one address is found as that.
    ["1.2.3.4/32", "1.2.3.4"], ["2001:db8::1/128", "2001:db8::1"],
  ])("%s is %s", (typed, known) => expect(addressOf(typed)).toBe(known));

  it.each([["2026-11-26T10:00", true], ["2026-11-26", true], ["yesterday", false], ["", false], ["+275760-09-13", false], ["-000001-01-01", false], [undefined, false]])("a time that the graph would refuse is overlooked: %s", (from, counts) => {
    expect(filterOf({ from, to: from }).from !== undefined).toBe(counts);
    expect(filterOf({ from, to: from }).to !== undefined).toBe(counts);
  });

  it("lets through live what came from it alone, however the address says it", () => {
    const from = (ip: string | null, asked = "203.0.113.7") => fits({ id: "e", at: "2026-01-01T00:00:00Z", action: "x.y", allowed: true, times: 1, ip } as Entry, filterOf({ ip: asked }));
    expect([from("203.0.113.7", "::ffff:203.0.113.7"), from("2001:db8::/64", "2001:db8::5/64"), from("10.0.0.0/8", "10.0.0.5/8"), from("203.0.113.7", "nonsense")]).toEqual([true, true, true, false]);
    expect([from("10.0.0.5", "10.0.0.0/8"), from("11.0.0.5", "10.0.0.0/8"), from("10.0.0.0/7", "10.0.0.0/8"), from("2001:db8::5", "2001:db8::/64"), from("2001:db8::/64", "2001:db8::/65"), from("10.0.0.5", "::/0"), from("@", "0.0.0.0/0"), from("10.0.0.5", "0.0.0.0/0")])
      .toEqual([true, false, false, true, false, false, false, true]);
    expect([from("203.0.113.7"), from("203.0.113.70"), from(null)]).toEqual([true, false, false]);
  });
});
