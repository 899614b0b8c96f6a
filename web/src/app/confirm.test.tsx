import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { TypedDocumentNode } from "@urql/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useState } from "react";
import { useAction } from "@/components/use-action";
import { sessions } from "@/gql/session";
import { placeAt } from "@/testing/place";
import { type Answer, graphOf, show } from "@/testing/render";
import { ConfirmProvider } from "./confirm";

const refused = (code: string, extensions: object = {}, message = "No.") => ({ errors: [{ message, extensions: { code, ...extensions } }] });
const stepUp = refused("STEP_UP_REQUIRED");
const over = refused("UNAUTHENTICATED");
const done = { data: { revokeApiToken: { apiToken: { id: "t1" } } } };
const confirmed = { data: { confirmIdentity: { confirmedUntil: "2026-11-26T10:15:00Z" } } };
const signedIn = (id = "u1") => ({ data: { signIn: { accessToken: "a2", expiresAt: new Date(Date.now() + 900_000).toISOString(), viewer: { user: { id } } } } });

const REVOKE = "mutation Revoke($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { apiToken { id } } }" as unknown as TypedDocumentNode<object, { input: { id: string } }>;

/** A page with something written in it, and an action that needs to know who is there. */
function Page() {
  const [note, setNote] = useState("");
  const { run } = useAction(REVOKE, { done: "It is done." });
  return (
    <>
      <input aria-label="Note" value={note} onChange={({ currentTarget: { value } }) => setNote(value)} />
      <button type="button" onClick={() => void run({ input: { id: "t1" } })}>Do it</button>
    </>
  );
}
function open(answers: Record<string, Answer | Answer[]>) {
  const graph = graphOf(answers);
  vi.stubGlobal("fetch", graph.fetch); // signing in goes past the client
  show(<ConfirmProvider><Page /></ConfirmProvider>, graph);
  const names = () => graph.sent.map(({ operationName }) => operationName);
  return { graph, names, user: userEvent.setup({ advanceTimers: (ms) => void (vi.isFakeTimers() && vi.advanceTimersByTime(ms)) }) };
}
const session = (accessToken: string, userId = "u1") => ({ accessToken, expiresAt: Date.now() + 900_000, userId });
beforeEach(() => act(() => void sessions.begin(session("a1"))));
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("an action that needs the password once more", () => {
  it("asks for it over the page, and then is done with the same key", async () => {
    const { graph, names, user } = open({ Revoke: [stepUp, done], ConfirmIdentity: confirmed });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await user.type(dialog.getByLabelText("Password"), "correct horse");
    await user.click(dialog.getByRole("button", { name: "Confirm" }));
    expect(await screen.findByText("It is done.")).toBeVisible();
    expect(names()).toEqual(["Revoke", "ConfirmIdentity", "Revoke"]);
    expect(graph.sent[1]?.variables.input).toEqual({ password: "correct horse", code: null });
    expect(graph.sent[2]?.headers["idempotency-key"]).toBe(graph.sent[0]?.headers["idempotency-key"]);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
  it("shows the same as GraphQL over the question, without what was typed, and goes back to it", async () => {
    const { user } = open({ Revoke: stepUp });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await user.type(dialog.getByLabelText("Password"), "correct horse");
    await user.click(dialog.getByRole("button", { name: "Show GraphQL" }));
    const shown = await screen.findByRole("dialog", { name: "The same by the API" });
    expect(shown).toHaveTextContent(/mutation ConfirmIdentity/);
    expect(shown).not.toHaveTextContent("correct horse");
    expect(shown.closest<HTMLElement>("[style*=\"--mb-z-index\"]")?.style.getPropertyValue("--mb-z-index")).toBe("1001"); // over the question, which lies over everything else
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog", { name: "The same by the API" })).not.toBeInTheDocument());
    expect(dialog.getByLabelText("Password")).toHaveValue("correct horse");
  });
  it.each([["Cancel", () => screen.getByRole("button", { name: "Cancel" })], ["the cross", () => screen.getByRole("button", { name: "Close" })]])("is not done when the question is closed with %s, and says nothing of it", async (_, button) => {
    const { names, user } = open({ Revoke: stepUp });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    await screen.findByRole("dialog", { name: "Is it you?" });
    await user.click(button());
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(names()).toEqual(["Revoke"]);
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
  it("asks for the code of who has an authenticator app, and says beside it when it is wrong", async () => {
    const { graph, user } = open({ Revoke: [stepUp, done], ConfirmIdentity: [refused("SECOND_FACTOR_REQUIRED"), refused("UNAUTHENTICATED", { field: "code" }, "That code is not right."), confirmed] });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await user.type(dialog.getByLabelText("Password"), "correct horse");
    await user.click(dialog.getByRole("button", { name: "Confirm" }));
    const code = await dialog.findByRole("textbox", { name: /Code of your authenticator app/ });
    await waitFor(() => expect(code).toHaveFocus());
    await user.type(code, "111111{Enter}");
    await waitFor(() => expect(code).toHaveAccessibleDescription("That code is not right."));
    await user.clear(code);
    await user.type(code, "222222{Enter}");
    expect(await screen.findByText("It is done.")).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "ConfirmIdentity").map(({ variables }) => variables.input)).toEqual([
      { password: "correct horse", code: null }, { password: "correct horse", code: "111111" }, { password: "correct horse", code: "222222" },
    ]);
  });
  it("says how many seconds to wait, counted down", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { user } = open({ Revoke: stepUp, ConfirmIdentity: refused("RATE_LIMITED", { retryAfterSeconds: 3 }, "Too many tries.") });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await user.type(dialog.getByLabelText("Password"), "x{Enter}");
    expect(await dialog.findByText("Too much at once. Try again in 3 s.")).toBeVisible();
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(dialog.getByText("Too much at once. Try again in 1 s.")).toBeVisible();
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(dialog.getByText("It was too much at once. You can try again now.")).toBeVisible();
    vi.useRealTimers();
  });
  it.each([[refused("UNAUTHENTICATED", { field: "password" }, "That is not the password."), "That is not the password."], [refused("RATE_LIMITED", {}, "Too many tries."), "Too much at once. Try again in a moment."]])("says what is wrong with the password: %#", async (answer, said) => {
    const { user } = open({ Revoke: stepUp, ConfirmIdentity: answer });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Is it you?" }));
    await user.type(dialog.getByLabelText("Password"), "x{Enter}");
    expect(await dialog.findByText(said)).toBeVisible();
  });
});

describe("U10: a session that is over while somebody writes", () => {
  const end = () => act(async () => (sessions as unknown as { end: (state: string) => void }).end("expired"));
  it("is begun anew over the page, what was written stays, and what was sent is sent again", async () => {
    const { names, user } = open({ Revoke: [over, done], SignIn: signedIn() });
    await user.type(await screen.findByRole("textbox", { name: "Note" }), "half a sentence");
    await end();
    await user.click(screen.getByRole("button", { name: "Do it", hidden: true }));
    const dialog = within(await screen.findByRole("dialog", { name: "Your session is over" }));
    await user.keyboard("{Escape}");
    await user.type(dialog.getByRole("textbox", { name: "E-mail address" }), "ada@example.com");
    await user.type(dialog.getByLabelText("Password"), "correct horse");
    await user.click(dialog.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByText("It is done.")).toBeVisible();
    expect(names()).toEqual(["Revoke", "SignIn", "Revoke"]);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(screen.getByRole("textbox", { name: "Note" })).toHaveValue("half a sentence");
    expect(sessions.state.get()).toBe("present");
  });
  it("shows nothing of it to somebody else who signs in: the panel begins anew", async () => {
    const gone = placeAt("/databases");
    const { names, user } = open({ SignIn: signedIn("u2") });
    await screen.findByRole("button", { name: "Do it" });
    await end();
    const dialog = within(await screen.findByRole("dialog", { name: "Your session is over" }));
    await user.type(dialog.getByRole("textbox", { name: "E-mail address" }), "eve@example.com");
    await user.type(dialog.getByLabelText("Password"), "x{Enter}");
    await waitFor(() => expect(gone.replaced).toEqual(["/"]));
    expect(names()).toEqual(["SignIn"]);
    expect(screen.getByRole("dialog", { name: "Your session is over" })).toBeVisible(); // over the page until it is left
    expect(sessions.current.get()).toBeNull();
  });
  it("goes on when the same user has signed in in another tab", async () => {
    const { names, user } = open({ Revoke: [over, done] });
    await screen.findByRole("button", { name: "Do it" });
    await end();
    await user.click(screen.getByRole("button", { name: "Do it", hidden: true }));
    await screen.findByRole("dialog", { name: "Your session is over" });
    const elsewhere = new BroadcastChannel("mpanel-session");
    elsewhere.postMessage({ session: session("a3") });
    expect(await screen.findByText("It is done.")).toBeVisible();
    expect(names()).toEqual(["Revoke", "Revoke"]);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    elsewhere.close();
  });
  it("is not asked about where the session is there, and something else was refused", async () => {
    const { user } = open({ Revoke: over });
    await user.click(await screen.findByRole("button", { name: "Do it" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("UNAUTHENTICATED");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });
});
