import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { told } from "@/components/toasts";
import { timeZone } from "@/lib/format";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, impersonated, show, viewerOf } from "@/testing/render";
import { SecurityPage } from "./security";

const session = (id: string, more: object = {}) => ({ id, device: "Safari on iPhone", ip: "203.0.113.5", lastSeenAt: new Date().toISOString(), createdAt: new Date().toISOString(), expiresAt: "2099-01-01T00:00:00Z", current: false, ...more });
const token = (more: object = {}) => ({ id: "t1", name: "nightly backup", prefix: "mpt_ABCDEFGH", permissions: ["DATABASES_READ"], objectIds: [], cidrs: [], expiresAt: null, lastUsedAt: null, lastUsedIp: null, createdAt: "2026-01-01T00:00:00Z", customer: null, ...more });
const security = (more: object = {}): Answer => ({ data: { viewer: { user: { id: "u-me" }, sessions: [session("s1", { current: true })], apiTokens: [], impersonations: [], ...more } } });
const databases = { data: { databases: { nodes: [{ id: "db_1", name: "shop", customer: { name: "Acme" } }, { id: "db_2", name: "blog", customer: { name: "Acme" } }] } } };
const customers = { data: { customers: { nodes: [{ id: "c1", name: "Acme", email: "a@acme.test", state: "ACTIVE" }] } } };
const open = (answers: Parameters<typeof graphOf>[0] = {}, viewer = viewerOf(["DATABASES_READ", "DATABASES_WRITE", "CUSTOMERS_READ", "JOBS_READ"])) => {
  const graph = graphOf({ Security: security(), DatabasesToPin: databases, ChooseCustomer: customers, ChosenCustomer: { data: { customer: { id: "c1", name: "Acme" } } }, ...answers });
  const inputs = (name: string) => graph.sent.filter(({ operationName }) => operationName === name).map(({ variables }) => variables.input as Record<string, unknown>);
  return { graph, inputs, user: userEvent.setup(), ...show(<SecurityPage />, graph, { path: "/security", viewer }) };
};
const totp = viewerOf([], { user: { ...viewerOf().user, totpEnabled: true } });

describe("U39: a new API token", () => {
  const created = { CreateApiToken: { data: { createApiToken: { apiToken: { id: "t9" }, token: "mpt_secret" } } } };
  const ask = async (answers: Parameters<typeof graphOf>[0] = created) => {
    const shown = open(answers);
    await shown.user.click(await screen.findByRole("button", { name: "New API token" }));
    const dialog = within(await screen.findByRole("dialog"));
    await shown.user.type(dialog.getByRole("textbox", { name: "Name" }), "deploy");
    return { ...shown, dialog, submit: dialog.getByRole("button", { name: "Create token" }) };
  };
  const may = (dialog: ReturnType<typeof within>) => dialog.getAllByRole("checkbox") as HTMLInputElement[];
  const choose = async (user: ReturnType<typeof userEvent.setup>, name: string, option: RegExp | string) => {
    await user.click(screen.getByRole("combobox", { name }));
    await user.click(await screen.findByRole("option", { name: option }));
  };

  it("offers what its owner may do alone, and has to have something of it", async () => {
    const { dialog, submit, user } = await ask();
    expect(may(dialog).map(({ value }) => value).sort()).toEqual(["CUSTOMERS_READ", "DATABASES_READ", "DATABASES_WRITE", "JOBS_READ"]);
    expect(submit).toBeDisabled();
    await user.click(may(dialog)[0]!);
    expect(submit).toBeEnabled();
  });
  it("ends in days, at a time in the chosen zone, or never", async () => {
    timeZone.set("Europe/Berlin");
    const { dialog, submit, user, inputs } = await ask({ CreateApiToken: { errors: [{ message: "x", extensions: { code: "CONFLICT" } }] } });
    await user.click(may(dialog)[0]!);
    await user.click(submit);
    await waitFor(() => expect(inputs("CreateApiToken")).toHaveLength(1));
    expect(Math.round((Date.parse(String(inputs("CreateApiToken")[0]!.expiresAt)) - Date.now()) / 86_400_000)).toBe(90);
    await choose(user, "Expires", "At a date");
    expect(submit).toBeDisabled();
    fireEvent.change(dialog.getByLabelText("Date"), { target: { value: "2030-01-01T12:00" } });
    await user.click(submit);
    await waitFor(() => expect(inputs("CreateApiToken").at(-1)?.expiresAt).toBe("2030-01-01T11:00:00.000Z"));
    await choose(user, "Expires", "When I revoke it");
    await user.click(submit);
    await waitFor(() => expect(inputs("CreateApiToken").at(-1)?.expiresAt).toBeNull());
    timeZone.set("UTC");
  });
  it("that is for some databases alone may do what concerns databases alone", async () => {
    const { dialog, submit, user, inputs } = await ask();
    for (const box of may(dialog)) await user.click(box);
    expect(screen.queryAllByRole("option", { hidden: true })).toEqual([]); // none of a field that nobody has entered
    await choose(user, "Only for some databases", "shop (Acme)");
    const disabled = may(dialog).filter(({ disabled }) => disabled).map(({ value }) => value);
    expect(disabled).toContain("CUSTOMERS_READ");
    expect(may(dialog).filter(({ disabled, checked }) => disabled && checked)).toEqual([]);
    await user.keyboard("{Escape}");
    await user.click(submit);
    await waitFor(() => expect(inputs("CreateApiToken").at(-1)?.objectIds).toEqual(["db_1"]));
    expect(inputs("CreateApiToken").at(-1)?.permissions).not.toContain("CUSTOMERS_READ");
  });
  it("offers no database of another text, nor says that none is called so before that is known", async () => {
    let answer = () => {};
    const held = new Promise<void>((go) => { answer = go; });
    const { user } = await ask({ DatabasesToPin: ({ variables }) => (variables.search ? held.then(() => ({ data: { databases: { nodes: [] } } })) : databases) });
    const field = screen.getByRole("combobox", { name: "Only for some databases" });
    await user.click(field);
    await screen.findByRole("option", { name: "shop (Acme)" });
    await user.type(field, "acme"); // which the names that were found have, too
    expect(screen.queryAllByRole("option")).toEqual([]);
    expect(screen.getByText("Searching…")).toBeVisible();
    expect(screen.queryByText("No database is called that.")).not.toBeInTheDocument();
    await act(async () => answer());
    expect(await screen.findByText("No database is called that.")).toBeVisible();
  });
  it("is for one customer and from some networks alone", async () => {
    const { dialog, submit, user, inputs } = await ask();
    await user.click(may(dialog)[0]!);
    await choose(user, "Only for a customer", "Acme");
    await user.type(dialog.getByRole("combobox", { name: "Only from some networks" }), "203.0.113.0/24,");
    await user.click(submit);
    await waitFor(() => expect(inputs("CreateApiToken").at(-1)).toMatchObject({ name: "deploy", customerId: "c1", cidrs: ["203.0.113.0/24"], objectIds: null }));
  });
  it.each([["name", "textbox", "Name"], ["expiresAt", "combobox", "Expires"], ["customerId", "combobox", "Only for a customer"]] as const)("U12: says beside it what is wrong with %s", async (field, role, name) => {
    const { dialog, submit, user } = await ask({ CreateApiToken: { errors: [{ message: "Not like this.", extensions: { code: "INVALID", field } }] } });
    await user.click(may(dialog)[0]!);
    await user.click(submit);
    await waitFor(() => expect(dialog.getByRole(role, { name })).toHaveAccessibleDescription(/Not like this\./));
  });
  it("shown before is not shown again, and the page says so", async () => {
    const { dialog, submit, user } = await ask({ CreateApiToken: { data: { createApiToken: { apiToken: { id: "t9" }, token: null } } } });
    await user.click(may(dialog)[0]!);
    await user.click(submit);
    expect(await screen.findByText(/It was made and shown before/)).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("textbox", { name: "Name" })).not.toBeInTheDocument());
    expect(screen.queryByRole("button", { name: "I have saved it" })).not.toBeInTheDocument();
  });
});

it("U39: a token says where it holds, until when, and from where it was used", async () => {
  open({ Security: security({ apiTokens: [token({ customer: { id: "c1", name: "Acme" }, objectIds: ["a", "b"], cidrs: ["10.0.0.0/8"], expiresAt: "2020-01-01T00:00:00Z", lastUsedAt: "2026-01-01T00:00:00Z", lastUsedIp: "10.1.1.1" })] }) });
  const item = (await screen.findByText("nightly backup")).closest("li")!;
  for (const part of [/mpt_ABCDEFGH/, /Acme/, /10\.0\.0\.0\/8/, /10\.1\.1\.1/]) expect(item).toHaveTextContent(part);
});

it("U12: the set-up of the authenticator app has its GraphQL", async () => {
  const { user } = open();
  await user.click(within(await screen.findByRole("region", { name: /Authenticator app/ })).getByRole("button", { name: "Show GraphQL" }));
  expect(await screen.findByText(/mutation BeginTotp/)).toBeVisible();
});

it("U13: password managers know whose password is changed", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("button", { name: "Change password" }));
  const form = await screen.findByRole("dialog", { name: "Change password" });
  const username = form.querySelector<HTMLInputElement>("input[autocomplete=username]");
  expect(username).toHaveValue("ada@example.com");
  expect(username).toHaveAttribute("type", "text");
  expect(username).not.toBeVisible();
});

describe("U39: recovery codes", () => {
  it("are made anew after a question, and shown once", async () => {
    const { user, graph } = open({ NewRecoveryCodes: { data: { newRecoveryCodes: { recoveryCodes: ["aaaa-bbbb"] } } } }, totp);
    const opener = await screen.findByRole("button", { name: "New recovery codes" });
    await user.click(opener);
    const dialog = within(await screen.findByRole("dialog", { name: "New recovery codes" }));
    expect(graph.sent.some(({ operationName }) => operationName === "NewRecoveryCodes")).toBe(false);
    await user.click(dialog.getByRole("button", { name: "Show GraphQL" }));
    expect(await screen.findByText(/mutation NewRecoveryCodes/)).toBeVisible();
    await user.keyboard("{Escape}");
    await user.click(dialog.getByRole("button", { name: "New recovery codes" }));
    expect(await screen.findByText(/aaaa-bbbb/)).toBeVisible();
    expect(told.get()[0]).toMatchObject({ what: "You have new recovery codes. Those before do not work any more." }); // U6
    await user.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(screen.queryByText(/aaaa-bbbb/)).not.toBeInTheDocument());
  });
  it("are not, by who thinks better of it", async () => {
    const { user, graph } = open({}, totp);
    const opener = await screen.findByRole("button", { name: "New recovery codes" });
    await user.click(opener);
    await user.click(within(await screen.findByRole("dialog", { name: "New recovery codes" })).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(opener).toHaveFocus());
    expect(graph.sent.some(({ operationName }) => operationName === "NewRecoveryCodes")).toBe(false);
  });
  it("U6: say why they could not be made", async () => {
    const { user } = open({ NewRecoveryCodes: { errors: [{ message: "Too often.", extensions: { code: "CONFLICT" } }] } }, totp);
    await user.click(await screen.findByRole("button", { name: "New recovery codes" }));
    await user.click(within(await screen.findByRole("dialog", { name: "New recovery codes" })).getByRole("button", { name: "New recovery codes" }));
    expect(await screen.findByText("Too often.")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
});

describe("U39: the authenticator app", () => {
  const begun = { BeginTotp: { data: { beginTotp: { otpauthUrl: "otpauth://totp/x?issuer=MPanel", qrSvg: "<svg/>" } } } };
  it("is not set up by who cancels", async () => {
    const { user, graph } = open(begun);
    await user.click(await screen.findByRole("button", { name: "Set up" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByRole("button", { name: "Turn on" })).toBeDisabled();
    await user.click(dialog.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(graph.sent.some(({ operationName }) => operationName === "ConfirmTotp")).toBe(false);
  });
  it("U6: says why it could not be begun", async () => {
    const { user } = open({ BeginTotp: { errors: [{ message: "There is one already.", extensions: { code: "CONFLICT" } }] } });
    await user.click(await screen.findByRole("button", { name: "Set up" }));
    expect(await screen.findByText("There is one already.")).toBeVisible();
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });
  it("is turned off", async () => {
    const { user, graph } = open({ DisableTotp: { data: { disableTotp: { ok: true } } } }, totp);
    await user.click(await screen.findByRole("button", { name: "Turn off" }));
    await user.click(within(await screen.findByRole("dialog", { name: "Turn off" })).getByRole("button", { name: "Turn off" }));
    await waitFor(() => expect(graph.sent.some(({ operationName }) => operationName === "DisableTotp")).toBe(true));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
});

describe("the address that somebody signs in with", () => {
  const ask = async (answer: Answer) => {
    const shown = open({ ChangeEmail: answer });
    await shown.user.click(await screen.findByRole("button", { name: /Change.*address/i }));
    return { ...shown, dialog: within(await screen.findByRole("dialog")) };
  };
  it("is changed by a link to the new one", async () => {
    const { dialog, user, inputs } = await ask({ data: { changeEmail: { ok: true } } });
    await user.type(dialog.getByRole("textbox"), "new@example.com");
    await user.click(dialog.getByRole("button", { name: "Send link" }));
    await waitFor(() => expect(inputs("ChangeEmail")).toEqual([{ email: "new@example.com" }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
  it("U12: says beside it what is wrong", async () => {
    const { dialog, user } = await ask({ errors: [{ message: "That is no address.", extensions: { code: "INVALID", field: "email" } }] });
    await user.type(dialog.getByRole("textbox"), "new{Enter}");
    await waitFor(() => expect(dialog.getByRole("textbox")).toHaveAccessibleDescription(/That is no address\./));
    await waitFor(() => expect(dialog.getByRole("textbox")).toHaveFocus());
  });
});

it("U21: who acts as somebody sees nothing of how that user signs in, and asks nothing", async () => {
  const { graph } = open({}, impersonated);
  expect(await screen.findByRole("heading", { level: 1 })).toBeVisible();
  expect(screen.queryByRole("button", { name: /Set up|Change|Create/ })).not.toBeInTheDocument();
  expect(graph.sent).toEqual([]);
});

it("U39: a session of no known device has a name to be ended by, and one alone has no others to end", async () => {
  const { user, unmount } = open({ Security: security({ sessions: [session("s1", { current: true }), session("s2", { device: "", ip: "" })] }), RevokeSession: { data: { revokeSession: { revoked: 1 } } } });
  await user.click(await screen.findByRole("button", { name: "End the session on Unknown device" }));
  expect(within(await screen.findByRole("dialog", { name: "End session" })).getByText(/Unknown device/)).toBeVisible();
  unmount();
  open();
  await screen.findByText("Safari on iPhone");
  expect(screen.queryByRole("button", { name: "End all others" })).not.toBeInTheDocument();
});

it.each([["de", 1, "1 Sitzung ist beendet."], ["de", 2, "2 Sitzungen sind beendet."]] as const)("U39: counts in %s the sessions that ended: %i", async (language, revoked, said) => {
  setLanguage(language);
  const { user, graph } = open({ Security: security({ sessions: [session("s1", { current: true }), ...Array.from({ length: revoked }, (_, n) => session(`o${n}`))] }), RevokeSession: { data: { revokeSession: { revoked } } } });
  await user.click(await screen.findByRole("button", { name: "Alle anderen beenden" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Alle anderen beenden" }));
  await user.click(dialog.getByRole("button", { name: "Alle anderen beenden" }));
  await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "RevokeSession")?.variables.input).toEqual({ all: true }));
  expect(await screen.findByText(said)).toBeVisible();
  setLanguage("en");
});
