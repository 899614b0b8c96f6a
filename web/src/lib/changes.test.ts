import { describe, expect, it } from "vitest";
import { changes } from "./changes";
import { plain, told } from "./plain";

describe("U40: what changed", () => {
  it("goes field by field, into objects too", () => {
    expect(changes({ name: "a", limits: { connections: 5, size: 1 }, gone: true }, { name: "b", limits: { connections: 5, size: 2 }, fresh: [1] })).toEqual([
      { field: "name", kind: "changed", before: "a", after: "b" },
      { field: "limits.connections", kind: "same", before: 5, after: 5 },
      { field: "limits.size", kind: "changed", before: 1, after: 2 },
      { field: "gone", kind: "removed", before: true, after: undefined },
      { field: "fresh", kind: "added", before: undefined, after: [1] },
    ]);
  });
  it("has all as added where there was nothing, and nothing of nothing", () => {
    expect(changes(null, { name: "a" })).toEqual([{ field: "name", kind: "added", before: undefined, after: "a" }]);
    expect(changes(null, null)).toEqual([]);
    expect(changes({}, {})).toEqual([]);
    expect(changes(null, "text")).toEqual([{ field: "", kind: "added", before: undefined, after: "text" }]);
  });
  it("tells null from what is not there", () => {
    expect(changes({ reason: null }, { reason: "x" })).toEqual([{ field: "reason", kind: "changed", before: null, after: "x" }]);
  });
  it("takes names of any kind for names", () => {
    expect(changes(JSON.parse('{"__proto__": "a"}'), null)).toEqual([{ field: "__proto__", kind: "removed", before: "a", after: undefined }]);
  });
});

it("writes out what would turn a line round", () => {
  expect(plain("exe\u202Etxt\u0000\u200b")).toBe("exe\\u{202e}txt\\u{0}\\u{200b}");
  expect(plain("two\nlines <b>")).toBe("two\nlines <b>");
  expect(told({ a: "\u202E" })).toContain("\\u{202e}");
  expect(told("text")).toBe("text");
});
