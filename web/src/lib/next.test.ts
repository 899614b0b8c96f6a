import { expect, it } from "vitest";
import { nextPage } from "./next";

it("goes to our own pages alone after a sign-in", () => {
  expect(nextPage("?next=%2Fdatabases%3Fstate%3DFAILED%23x")).toBe("/databases?state=FAILED#x");
  for (const evil of ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "", "evil", "/\t/evil.example"])
    expect(new URL(nextPage(`?next=${encodeURIComponent(evil)}`), location.origin).origin, evil).toBe(location.origin);
  expect(nextPage("")).toBe("/");
});
