import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { placeAt } from "@/testing/place";
import { graphOf, show } from "@/testing/render";
import { AccountPages } from "./pages";

const ok = (field: string) => ({ data: { [field]: { ok: true } } });
const refused = (code: string, extensions: object = {}, message = "No.") => ({ errors: [{ message, extensions: { code, ...extensions } }] });

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  setLanguage("en");
});

function open(path: string, answers: Parameters<typeof graphOf>[0] = {}, token = "tok-1") {
  const graph = graphOf({ SignUpOpen: { data: { signUpOpen: true } }, ...answers });
  const gone = placeAt(path);
  vi.stubGlobal("fetch", graph.fetch);
  show(<AccountPages path={new URL(path, "http://x").pathname} token={token} />);
  /** Inputs of the mutations that were sent. */
  const inputs = () => graph.sent.filter(({ variables }) => variables.input).map(({ variables }) => variables.input);
  return { inputs, gone, sent: graph.sent, user: userEvent.setup({ advanceTimers: vi.advanceTimersByTime }) };
}
const fill = async (user: ReturnType<typeof userEvent.setup>, fields: Record<string, string>) => {
  for (const [label, text] of Object.entries(fields)) await user.type(await screen.findByLabelText(label), text);
};

it.each([
  ["/sign-in", "Sign in", "Anmelden"], ["/setup", "Set up MPanel", "MPanel einrichten"], ["/sign-up", "Create an account", "Konto anlegen"], ["/verify-email", "Confirm your address", "Adresse bestätigen"],
  ["/forgot-password", "Reset your password", "Passwort zurücksetzen"], ["/reset-password", "Set a new password", "Neues Passwort setzen"], ["/invitation", "Accept the invitation", "Einladung annehmen"],
])("%s has its title, on the page and in the tab, in both languages", async (path, english, german) => {
  open(path);
  expect(await screen.findByRole("heading", { level: 1, name: english })).toBeVisible();
  expect(document.title).toBe(`${english} · MPanel`);
  act(() => setLanguage("de"));
  expect(await screen.findByRole("heading", { level: 1, name: german })).toBeVisible();
});

it.each([
  ["/sign-in", "SignIn", ["email", "password"]], ["/setup", "SetUp", ["token", "name", "email", "password"]], ["/sign-up", "SignUp", ["name", "email", "company", "password"]], ["/verify-email", "VerifyEmail", ["token"]],
  ["/forgot-password", "RequestPasswordReset", ["email"]], ["/reset-password", "ResetPassword", ["token", "password"]], ["/invitation", "AcceptInvitation", ["token", "name", "password"]],
])("%s shows what it sends as GraphQL, and nothing of what is secret", async (path, operation, fields) => {
  const { user } = open(path, {}, "tok-secret");
  const password = await screen.findByLabelText("Password", {}, { timeout: 300 }).catch(() => null);
  if (password) await user.type(password, "correct horse");
  await user.click(await screen.findByRole("button", { name: "Show GraphQL" }));
  const shown = await screen.findByRole("dialog", { name: "The same by the API" });
  expect(shown).toHaveTextContent(`mutation ${operation}(`);
  expect(shown).toHaveTextContent(JSON.stringify({ input: Object.fromEntries(fields.map((name) => [name, ""])) }, null, 2).replaceAll(/\s+/g, " "));
  expect(shown).not.toHaveTextContent(/tok-secret|correct horse/);
});

describe("signing in", () => {
  const signedIn = { data: { signIn: { accessToken: "a", expiresAt: "2026-11-26T10:15:00Z", viewer: { user: { id: "u1" } } } } };
  it.each([["/sign-in?next=%2Fdatabases", "/databases"], ["/sign-in?next=https%3A%2F%2Fevil.test%2F", "/"], ["/sign-in", "/"]])("goes on from %s to %s", async (path, to) => {
    const { gone, user } = open(path, { SignIn: signedIn });
    await fill(user, { "E-mail address": "ada@example.com", Password: "correct horse" });
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await waitFor(() => expect(gone.assigned).toEqual([to]));
  });
  it("leads to a forgotten password and to an account", async () => {
    open("/sign-in", { SignUpOpen: { data: { signUpOpen: true } } });
    expect(await screen.findByRole("link", { name: "Forgot your password?" })).toHaveAttribute("href", "/forgot-password");
    expect(await screen.findByRole("link", { name: "Create an account" })).toHaveAttribute("href", "/sign-up");
  });
  it("leads to no account where nobody can sign up", async () => {
    const { sent } = open("/sign-in", { SignUpOpen: { data: { signUpOpen: false } } });
    await waitFor(() => expect(sent.map(({ operationName }) => operationName)).toContain("SignUpOpen"));
    expect(screen.queryByRole("link", { name: "Create an account" })).toBeNull();
  });
});

describe("setting up", () => {
  const written = { "Full name": "Ada", "E-mail address": "ada@example.com", Password: "four random words here" };
  it("makes the first administrator with the link's token, and goes into the panel", async () => {
    const { inputs, gone, user } = open("/setup", { SetUp: { data: { setUp: { expiresAt: "2026-11-26T10:15:00Z" } } } });
    await fill(user, written);
    await user.click(screen.getByRole("button", { name: "Create administrator" }));
    await waitFor(() => expect(gone.assigned).toEqual(["/"]));
    expect(inputs()[0]).toEqual({ token: "tok-1", name: "Ada", email: "ada@example.com", password: "four random words here" });
  });
  it("says that a link was used", async () => {
    const { user } = open("/setup", { SetUp: refused("NOT_FOUND") });
    await user.click(await screen.findByRole("button", { name: "Create administrator" }));
    expect(await screen.findByText(/This link is not valid any more/)).toBeVisible();
  });
  it.each([["name", "Full name"], ["email", "E-mail address"], ["password", "Password"]])("U12: says beside the field what is wrong with %s", async (field, label) => {
    const { user } = open("/setup", { SetUp: refused("INVALID", { field }, "Not like this.") });
    await user.click(await screen.findByRole("button", { name: "Create administrator" }));
    await waitFor(() => expect(screen.getByLabelText(label)).toHaveAccessibleDescription(/Not like this\./));
    await waitFor(() => expect(screen.getByLabelText(label)).toHaveFocus());
  });
});

it.each(["/setup", "/verify-email", "/reset-password", "/invitation"])("%s without its token says that the link is not complete, and sends nothing", async (path) => {
  const { inputs } = open(path, {}, "");
  expect(await screen.findByText(/The link is not complete/)).toBeVisible();
  expect(screen.queryByRole("textbox")).not.toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Sign in" })).toHaveAttribute("href", "/sign-in");
  expect(inputs()).toHaveLength(0);
});

describe("signing up", () => {
  const written = { "Full name": "Ada", "E-mail address": "ada@example.com", Password: "four random words here" };
  it("U15: leads to the inbox, from where it can be sent again after a while", async () => {
    const { inputs, user } = open("/sign-up", { SignUp: [ok("signUp"), ok("signUp"), refused("RATE_LIMITED", {}, "Too many e-mails.")] });
    await fill(user, { ...written, Company: "Acme" });
    await user.click(screen.getByRole("button", { name: "Create account" }));
    expect(await screen.findByRole("heading", { name: "Check your inbox" })).toBeVisible();
    expect(screen.getByText(/We sent a link to ada@example\.com/)).toBeVisible();
    expect(await screen.findByRole("button", { name: /Send it again in \d+ seconds/ })).toBeDisabled();
    await act(() => vi.advanceTimersByTimeAsync(61_000));
    await user.click(await screen.findByRole("button", { name: "Send it again" }));
    expect(await screen.findByText("Sent again.")).toBeVisible();
    expect(await screen.findByRole("button", { name: /Send it again in \d+ seconds/ })).toBeDisabled();
    await act(() => vi.advanceTimersByTimeAsync(61_000));
    await user.click(await screen.findByRole("button", { name: "Send it again" }));
    expect(await screen.findByText("Too much at once. Try again in a moment.")).toBeVisible();
    expect(inputs()).toEqual(Array(3).fill({ name: "Ada", email: "ada@example.com", password: "four random words here", company: "Acme" }));
  });
  it.each([["en", "Too much at once. Try again in 12 s.", "Too much at once. Try again in 10 s."], ["de", "Zu viel auf einmal. Versuchen Sie es in 12 s noch einmal.", "Zu viel auf einmal. Versuchen Sie es in 10 s noch einmal."]] as const)("says how long to wait, counted down: %s", async (language, first, later) => {
    setLanguage(language);
    const { user } = open("/sign-up", { SignUp: refused("RATE_LIMITED", { retryAfterSeconds: 12 }) });
    await user.click(await screen.findByRole("button", { name: /Create account|Konto anlegen/ }));
    expect(await screen.findByText(first)).toBeVisible();
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(screen.getByText(later)).toBeVisible();
  });
  it("sends no company where none was written", async () => {
    const { inputs, user } = open("/sign-up", { SignUp: ok("signUp") });
    await fill(user, written);
    await user.click(screen.getByRole("button", { name: "Create account" }));
    await waitFor(() => expect(inputs()[0]).toMatchObject({ company: null }));
  });
  it("says that accounts are made by the provider", async () => {
    const { user } = open("/sign-up", { SignUp: refused("FORBIDDEN") });
    await user.click(await screen.findByRole("button", { name: "Create account" }));
    expect(await screen.findByText(/Ask .*for an invitation/)).toBeVisible();
  });
});

describe("a link of an e-mail", () => {
  it.each([["/forgot-password", "RequestPasswordReset", "Send link"], ["/reset-password", "ResetPassword", "Set password"]])("%s says how long to wait", async (path, operation, button) => {
    const { user } = open(path, { [operation]: refused("RATE_LIMITED", { retryAfterSeconds: 90 }) });
    await user.click(await screen.findByRole("button", { name: button }));
    expect(await screen.findByText("Too much at once. Try again in 1 min 30 s.")).toBeVisible();
  });
  it("U15: confirms the address with one click, and the token is gone from the address", async () => {
    const replaced = vi.spyOn(history, "replaceState");
    const { inputs, user } = open("/verify-email", { VerifyEmail: ok("verifyEmail") });
    await user.click(await screen.findByRole("button", { name: "Confirm address" }));
    expect(await screen.findByText("Your address is confirmed. You can sign in now.")).toBeVisible();
    expect(inputs()[0]).toEqual({ token: "tok-1" });
    expect(replaced).toHaveBeenLastCalledWith(null, "", "/verify-email");
  });
  it.each([["/verify-email", "VerifyEmail", "Confirm address", "/sign-up"], ["/reset-password", "ResetPassword", "Set password", "/forgot-password"]])("U15: %s that is too old offers a new one", async (path, operation, submit, to) => {
    const { user } = open(path, { [operation]: refused("NOT_FOUND") });
    await user.click(await screen.findByRole("button", { name: submit }));
    expect(await screen.findByText("This link was used already, or is too old.")).toBeVisible();
    expect(screen.getByRole("link", { name: "Ask for a new one" })).toHaveAttribute("href", to);
  });
  it("U15: offers no new one where the panel does not answer", async () => {
    const { user } = open("/verify-email", {});
    await user.click(await screen.findByRole("button", { name: "Confirm address" }));
    expect(await screen.findByText(/^The panel does not answer\./)).toBeVisible();
    act(() => setLanguage("de"));
    expect(await screen.findByText(/^Das Panel antwortet nicht\./)).toBeVisible();
    act(() => setLanguage("en"));
    expect(screen.queryByRole("link", { name: "Ask for a new one" })).not.toBeInTheDocument();
  });
});

describe("a forgotten password", () => {
  it("U16: says the same for every address", async () => {
    const { inputs, user } = open("/forgot-password", { RequestPasswordReset: ok("requestPasswordReset") });
    await fill(user, { "E-mail address": "nobody@example.com" });
    await user.click(screen.getByRole("button", { name: "Send link" }));
    expect(await screen.findByText(/If there is an account with nobody@example\.com/)).toBeVisible();
    expect(await screen.findByRole("button", { name: /Send it again in \d+ seconds/ })).toBeDisabled();
    await act(() => vi.advanceTimersByTimeAsync(61_000));
    await user.click(await screen.findByRole("button", { name: "Send it again" }));
    await waitFor(() => expect(inputs()).toHaveLength(2));
  });
  it("U16: is set anew, and the page says that all other sessions have ended", async () => {
    const { inputs, user } = open("/reset-password", { ResetPassword: ok("resetPassword") });
    await fill(user, { "New password": "four other random words" });
    await user.click(screen.getByRole("button", { name: "Set password" }));
    expect(await screen.findByText(/all other sessions have ended/)).toBeVisible();
    expect(inputs()[0]).toEqual({ token: "tok-1", password: "four other random words" });
  });
});

describe("an invitation", () => {
  const accepted = (newAccount: boolean) => ({ data: { acceptInvitation: { email: "new@example.com", newAccount } } });
  it.each([[true, "The account new@example.com is made. Sign in with it."], [false, "Your account new@example.com has the new role. Sign in as always."]])("is accepted; a new account: %s", async (isNew, said) => {
    const { inputs, user } = open("/invitation", { AcceptInvitation: accepted(isNew) });
    if (isNew) await fill(user, { "Full name": "New", Password: "four random words here" });
    await user.click(await screen.findByRole("button", { name: "Accept" }));
    expect(await screen.findByText(said)).toBeVisible();
    expect(inputs()[0]).toEqual(isNew ? { token: "tok-1", name: "New", password: "four random words here" } : { token: "tok-1", name: null, password: null });
  });
  it("that was taken back says so", async () => {
    const { user } = open("/invitation", { AcceptInvitation: refused("NOT_FOUND") });
    await user.click(await screen.findByRole("button", { name: "Accept" }));
    expect(await screen.findByText(/This invitation was accepted or taken back/)).toBeVisible();
  });
});
