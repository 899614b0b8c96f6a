import { describe, expect, it } from "vitest";
import { listWords, pageOf, searchOf } from "./list-search";

describe("a list's address", () => {
  const read = searchOf({ ...listWords("NAME"), country: /^[A-Z]{2}$/, state: ["ACTIVE", "FAILED"], q: "text" });
  it("keeps what it knows", () => {
    expect(read({ after: "c_1-A", sort: "NAME", country: "DE", desc: true, state: "FAILED", q: 12 })).toEqual({ after: "c_1-A", sort: "NAME", country: "DE", desc: true, state: "FAILED", q: "12" });
  });
  it("overlooks what anybody can write there", () => {
    expect(read({ after: "a b", before: "<script>", sort: "FOO", country: "Germany" })).toEqual({});
    expect(read({ sort: ["NAME"], country: null, after: "", desc: "yes", state: "DROP", q: { a: 1 }, other: "x", before: ["a"] })).toEqual({});
  });
  it("says of what it overlooks that it is not there, or the router would take it as it was given", () => {
    expect(read({ state: "DROP", q: "x" })).toStrictEqual({ state: undefined, q: "x" });
  });
  it("asks for the page before or after a cursor", () => {
    expect(pageOf({}, 25)).toEqual({ first: 25, after: null });
    expect(pageOf({ after: "a" }, 25)).toEqual({ first: 25, after: "a" });
    expect(pageOf({ before: "b", after: "a" }, 25)).toEqual({ last: 25, before: "b" });
  });
});
