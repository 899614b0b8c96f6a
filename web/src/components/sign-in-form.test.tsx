import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, show } from "@/testing/render";
import { SignInForm } from "./sign-in-form";

const signedIn = { data: { signIn: { accessToken: "access-1", expiresAt: "2026-11-26T10:15:00Z", viewer: { user: { id: "u1" } } } } };
const refused = (code: string, extensions: object = {}, message = "No.") => ({ errors: [{ message, extensions: { code, ...extensions } }] });
const needsCode = refused("SECOND_FACTOR_REQUIRED");

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  setLanguage("en");
});

function open(...answers: Answer[]) {
  const graph = graphOf({ SignIn: answers });
  vi.stubGlobal("fetch", graph.fetch);
  const onSignedIn = vi.fn();
  show(<SignInForm email="ada@example.com" onSignedIn={onSignedIn} />);
  return { graph, onSignedIn, user: userEvent.setup({ advanceTimers: vi.advanceTimersByTime }) };
}

const password = () => screen.findByLabelText("Password");
async function signIn(user: ReturnType<typeof userEvent.setup>) {
  await user.type(await password(), "correct horse battery");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
}

it("U13: password managers know its fields", async () => {
  open(signedIn);
  expect(await password()).toHaveAttribute("autocomplete", "current-password");
  expect(screen.getByRole("textbox", { name: "E-mail address" })).toHaveAttribute("autocomplete", "username");
});

it("signs in with address and password, and gives the session with its end", async () => {
  const { graph, onSignedIn, user } = open(signedIn);
  await signIn(user);
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledWith({ accessToken: "access-1", expiresAt: Date.parse("2026-11-26T10:15:00Z"), userId: "u1" }));
  expect(graph.sent[0]?.variables.input).toEqual({ email: "ada@example.com", password: "correct horse battery" });
});

it.each([["UNAUTHENTICATED", {}, "The address or the password is not right."], ["FORBIDDEN", {}, "No."]])("U13: says the same whether the address or the password is wrong: %s", async (code, extensions, said) => {
  const { onSignedIn, user } = open(refused(code, extensions));
  await signIn(user);
  expect(await screen.findByText(said)).toBeVisible();
  expect(onSignedIn).not.toHaveBeenCalled();
});

it("U12: what is wrong with a field stands beside it, and the first has the focus", async () => {
  const { user } = open(refused("INVALID", { field: "email" }, "That is no address."));
  await signIn(user);
  const email = screen.getByRole("textbox", { name: "E-mail address" });
  await waitFor(() => expect(email).toHaveAccessibleDescription("That is no address."));
  await waitFor(() => expect(email).toHaveFocus());
});

it("U12: is sent once, however often it is submitted", async () => {
  let answer = (_: Answer) => {};
  const graph = graphOf({ SignIn: () => new Promise<Answer>((go) => (answer = go)) });
  vi.stubGlobal("fetch", graph.fetch);
  const onSignedIn = vi.fn();
  show(<SignInForm onSignedIn={onSignedIn} />);
  const form = (await password()).closest("form")!;
  act(() => (form.requestSubmit(), form.requestSubmit()));
  await waitFor(() => expect(graph.sent).toHaveLength(1));
  act(() => form.requestSubmit());
  answer(signedIn);
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  expect(graph.sent).toHaveLength(1);
});

it("U14: a pasted code is sent by itself, with what was written before", async () => {
  const { graph, onSignedIn, user } = open(needsCode, signedIn);
  await signIn(user);
  await user.click((await screen.findAllByRole("textbox", { name: "Digit of the code" }))[0]!);
  await user.paste("123456");
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  expect(graph.sent[1]?.variables.input).toEqual({ email: "ada@example.com", password: "correct horse battery", code: "123456" });
});

it("U14: a code that is wrong is said, and the first digit has the focus", async () => {
  const { graph, user } = open(needsCode, refused("UNAUTHENTICATED", { field: "code" }, "That code is not right."));
  await signIn(user);
  await user.click((await screen.findAllByRole("textbox"))[0]!);
  await user.paste("654321");
  expect(await screen.findByText("That code is not right.")).toBeVisible();
  await waitFor(() => expect(screen.getAllByRole("textbox")[0]).toHaveFocus());
  expect(graph.sent.map(({ variables }) => (variables.input as { code?: string }).code)).toEqual([undefined, "654321"]);
});

it("U14: a recovery code stands in for the app, and back leads to the password", async () => {
  const { graph, onSignedIn, user } = open(needsCode, signedIn);
  await signIn(user);
  await user.click(await screen.findByRole("button", { name: "Use a recovery code" }));
  await user.type(screen.getByRole("textbox", { name: "Recovery code" }), "abcd-efgh");
  await user.click(screen.getByRole("button", { name: "Use the authenticator app" }));
  expect(screen.getAllByRole("textbox")).toHaveLength(6);
  await user.click(screen.getByRole("button", { name: "Use a recovery code" }));
  await user.type(screen.getByRole("textbox", { name: "Recovery code" }), "abcd-efgh");
  await user.click(screen.getByRole("button", { name: "Confirm" }));
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  expect(graph.sent[1]?.variables.input).toMatchObject({ code: "abcd-efgh" });
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(await password()).toBeInTheDocument();
});

it("U14: who goes back begins anew, without the digits and with the app", async () => {
  const { user } = open(needsCode);
  const digits = () => screen.findAllByRole("textbox", { name: "Digit of the code" });
  await signIn(user);
  await user.click((await digits())[0]!);
  await user.paste("123");
  expect((await digits()).map((digit) => (digit as HTMLInputElement).value).join("")).toBe("123");
  await user.click(screen.getByRole("button", { name: "Back" }));
  await signIn(user);
  expect((await digits()).map((digit) => (digit as HTMLInputElement).value).join("")).toBe("");
  await user.click(screen.getByRole("button", { name: "Use a recovery code" }));
  await user.click(screen.getByRole("button", { name: "Back" }));
  await signIn(user);
  expect(await digits()).toHaveLength(6);
});

it.each([["en", /Try again in 2 seconds/, /Try again in 1 second\./], ["de", /In 2 Sekunden geht es weiter/, /In 1 Sekunde geht es weiter/]] as const)("U14: says how many seconds are left, and one of them in %s", async (language, two, one) => {
  setLanguage(language);
  const { user } = open(refused("RATE_LIMITED", { retryAfterSeconds: 2 }));
  await user.type(await screen.findByLabelText(/Password|Passwort/), "x");
  await user.click(screen.getByRole("button", { name: /Sign in|Anmelden/ }));
  expect(await screen.findByText(two)).toBeVisible();
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  expect(await screen.findByText(one)).toBeVisible();
  await act(() => vi.advanceTimersByTimeAsync(1_500));
  await waitFor(() => expect(screen.queryByText(one)).not.toBeInTheDocument());
  expect(document.querySelector(".mantine-Alert-root")).toBeNull(); // and no box without a word
});
