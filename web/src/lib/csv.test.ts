import { describe, expect, it } from "vitest";
import { cell, csv } from "./csv";

describe("csv", () => {
  it("never writes a formula", () => {
    for (const text of ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"]) expect(cell(text)).toBe(`"'${text}"`);
    expect(cell("-12.5")).toBe('"-12.5"');
    expect(cell(-3)).toBe('"-3"');
  });
  it("quotes what would end a cell", () => {
    expect(csv(["a", "b"], [['say "hi"', "1,2\n3"], [null, undefined]])).toBe('\uFEFF"a","b"\r\n"say ""hi""","1,2\n3"\r\n"",""\r\n');
  });
});
