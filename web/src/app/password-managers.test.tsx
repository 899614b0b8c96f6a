import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { TypedDocumentNode } from "@urql/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountPages } from "@/account/pages";
import { useAction } from "@/components/use-action";
import { setLanguage } from "@/lib/text";
import { placeAt } from "@/testing/place";
import { graphOf, show, viewerOf } from "@/testing/render";
import { ConfirmProvider } from "./confirm";
import { ViewerProvider } from "./viewer";

const refused = (code: string) => ({ errors: [{ message: "No.", extensions: { code } }] });
const REVOKE = "mutation Revoke($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { apiToken { id } } }" as unknown as TypedDocumentNode<object, { input: { id: string } }>;

type User = ReturnType<typeof userEvent.setup>;
const page = (path: string) => async () => {
  const graph = graphOf({ SignUpOpen: { data: { signUpOpen: true } }, SignIn: refused("SECOND_FACTOR_REQUIRED") });
  placeAt(path);
  vi.stubGlobal("fetch", graph.fetch);
  show(<AccountPages path={path} token="tok-1" />);
  await screen.findByRole("button", { name: /^(Sign in|Create|Send|Set|Accept)/ });
};

function Page() {
  const { run } = useAction(REVOKE);
  return <button type="button" onClick={() => void run({ input: { id: "t1" } })}>Do it</button>;
}
async function stepUp(user: User) {
  show(<ConfirmProvider><ViewerProvider><Page /></ViewerProvider></ConfirmProvider>, graphOf({ Viewer: { data: { viewer: viewerOf() } }, Revoke: refused("STEP_UP_REQUIRED"), ConfirmIdentity: refused("SECOND_FACTOR_REQUIRED") }));
  await user.click(await screen.findByRole("button", { name: "Do it" }));
  await screen.findByRole("dialog", { name: "Is it you?" });
}
async function withCode(user: User) {
  await page("/sign-in")();
  await user.type(screen.getByLabelText("E-mail address"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "x{Enter}");
  await screen.findByText("Six digits");
}

beforeEach(() => setLanguage("en"));
afterEach(() => void vi.unstubAllGlobals());

// Of each field: name, type, autocomplete, inputmode, value.
const [username, name] = [["email", "email", "username", "", ""], ["name", "text", "name", "", ""]];
const [known, fresh] = [["password", "password", "current-password", "", ""], ["password", "password", "new-password", "", ""]];
const [digit, allDigits] = [["", "tel", "one-time-code", "numeric", ""], ["code", "hidden", "", "", ""]];
const ada = ["username", "text", "username", "", "ada@example.com"];

it.each([
  ["signing in", page("/sign-in"), [username, known]],
  ["its code", withCode, [...Array(6).fill(digit), allDigits]],
  ["its recovery code", async (user: User) => (await withCode(user), user.click(screen.getByRole("button", { name: "Use a recovery code" }))), [["recovery", "text", "off", "", ""]]],
  ["setting up", page("/setup"), [name, username, fresh]],
  ["signing up", page("/sign-up"), [name, username, ["company", "text", "organization", "", ""], fresh]],
  ["a forgotten password", page("/forgot-password"), [username]],
  ["a new password", page("/reset-password"), [fresh]],
  ["an invitation", page("/invitation"), [name, fresh]],
  ["who is there", stepUp, [ada, known]],
  ["the code of who is there", async (user: User) => {
    await stepUp(user);
    await user.type(screen.getByLabelText("Password"), "x{Enter}");
    await screen.findByLabelText(/^Code of your/);
  }, [ada, ["password", "password", "current-password", "", "x"], ["code", "text", "one-time-code", "", ""]]], // it may be a recovery code, which has letters
])("U13: password managers know the fields of %s", async (_, open, fields) => {
  const user = userEvent.setup();
  await open(user);
  expect([...document.querySelectorAll("input")].map((field) => [field.name, field.type, field.getAttribute("autocomplete") ?? "", field.getAttribute("inputmode") ?? "", field.value])).toEqual(fields);
});
