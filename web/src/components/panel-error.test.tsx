import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Refusal } from "@/gql/problem";
import { setLanguage } from "@/lib/text";
import { show } from "@/testing/render";
import { PanelError } from "./panel-error";

const refusal = (code: string, message: string) => new Refusal([{ message, extensions: { code, requestId: "r1" } }]);

describe("an error on a page", () => {
  // Where the code says all, in the page's words; else in the panel's.
  it.each([
    ["NOT_FOUND", "Customer 7 is gone.", "It is not there, or not yours."],
    ["UNAUTHENTICATED", "token expired", "You are not signed in."],
    ["RATE_LIMITED", "budget", "Too much at once. Try again in a moment."],
    ["INTERNAL", "Something went wrong", "That was a mistake of the panel's. With the details the provider finds it in the log."],
    ["CONFLICT", "The name is taken.", "The name is taken."],
    ["INVALID", "It is too long.", "It is too long."],
    ["FORBIDDEN", "Only the staff may.", "Only the staff may."],
    ["QUOTA_EXCEEDED", "All 5 databases are used.", "All 5 databases are used."],
    ["UNAVAILABLE", "PostgreSQL is away.", "PostgreSQL is away."],
    ["TOO_COMPLEX", "It asks for too much.", "It asks for too much."],
  ])("says %s", async (code, message, sentence) => {
    show(<PanelError error={refusal(code, message)} onRetry={() => {}} />);
    expect(await screen.findByText(sentence)).toBeVisible();
  });

  it("says that the panel does not answer", async () => {
    show(<PanelError error={new Refusal(null)} onRetry={() => {}} />);
    expect(await screen.findByText(/does not answer/)).toBeVisible();
  });

  it("says it in German, too", async () => {
    setLanguage("de");
    show(<PanelError error={refusal("NOT_FOUND", "x")} onRetry={() => {}} />);
    expect(await screen.findByRole("button", { name: "Noch einmal versuchen" })).toBeVisible();
    expect(screen.getByText("Es ist nicht da, oder es ist nicht Ihres.")).toBeVisible();
    setLanguage("en");
  });

  it("has its request's id, a way to try again, and details to be copied", async () => {
    const user = userEvent.setup();
    const onRetry = vi.fn();
    show(<PanelError error={refusal("INTERNAL", "x")} onRetry={onRetry} />);
    expect(await screen.findByText("Request r1")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(onRetry).toHaveBeenCalledOnce();
    await user.click(screen.getByRole("button", { name: "Copy details" }));
    expect(await navigator.clipboard.readText()).toContain("request: r1");
  });

  it("is an alert", async () => {
    show(<PanelError error={new Error("a mistake")} onRetry={() => {}} />);
    expect(await screen.findByRole("alert")).toBeVisible();
  });
});
