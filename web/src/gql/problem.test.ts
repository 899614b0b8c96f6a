import { CombinedError } from "@urql/core";
import { describe, expect, it, vi } from "vitest";
import { detailsOf, problemsOf, Refusal } from "./problem";

const refused = (extensions: Record<string, unknown>, message = "No.") => new CombinedError({ graphQLErrors: [{ message, extensions }] });

describe("what went wrong", () => {
  it("is what the graph says", () => {
    expect(problemsOf(refused({ code: "CONFLICT", field: "name", requestId: "r1" }, "It is taken."))).toEqual([
      { code: "CONFLICT", message: "It is taken.", field: "name", requestId: "r1", retryAfterSeconds: undefined },
    ]);
  });
  it("has no field where it belongs to none", () => expect(problemsOf(refused({ code: "FORBIDDEN", field: "" }))[0]!.field).toBeUndefined());
  it("says when to try again", () => expect(problemsOf(refused({ code: "RATE_LIMITED", retryAfterSeconds: 7 }))[0]!.retryAfterSeconds).toBe(7));
  it("says the same moment however often it is read", () => {
    vi.useFakeTimers({ now: 1_000 });
    const error = refused({ code: "RATE_LIMITED", retryAfterSeconds: 7 });
    expect(problemsOf(error)[0]!.retryAt).toBe(8_000);
    vi.setSystemTime(5_000);
    expect(problemsOf(error)[0]!.retryAt).toBe(8_000);
    vi.useRealTimers();
  });
  it("is the panel's mistake without a code", () => expect(problemsOf(refused({}))[0]!.code).toBe("INTERNAL"));
  it("is all that the graph says", () => {
    const error = new CombinedError({ graphQLErrors: [{ message: "a", extensions: { code: "INVALID" } }, { message: "b", extensions: { code: "INVALID" } }] });
    expect(problemsOf(error).map(({ message }) => message)).toEqual(["a", "b"]);
  });
  it("is a panel that does not answer", () => expect(problemsOf(new CombinedError({ networkError: new Error("x") }))[0]!.code).toBe("OFFLINE"));
  it("is the same past the client", () => {
    expect(problemsOf(new Refusal(null))[0]!.code).toBe("OFFLINE");
    expect(problemsOf(new Refusal([{ message: "a", extensions: { code: "NOT_FOUND" } }]))[0]).toMatchObject({ code: "NOT_FOUND", message: "a" });
  });
  it("may be a mistake of the page", () => {
    expect(problemsOf(new Error("broken"))[0]).toMatchObject({ code: "INTERNAL", message: "broken" });
    expect(problemsOf("broken")[0]!.message).toBe("broken");
  });
  it("is copied with what the provider needs", () => {
    const text = detailsOf({ code: "INTERNAL", message: "x", requestId: "r9" });
    expect(text).toContain("request: r9");
    expect(text).toContain("page: /");
  });
});
