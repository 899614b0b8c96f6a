import { act, fireEvent, renderHook, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { timeZone } from "@/lib/format";
import { graphOf, show, viewerOf } from "@/testing/render";
import { AuditPage } from "./audit";
import { type Entry, filterOf, fits } from "./operations";
import { pageOfObject, useObjectName } from "@/components/audit-object";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));
afterEach(() => void vi.useRealTimers());

const entry = (n: number, more: object = {}) => ({ id: `e${n}`, at: "2026-01-01T00:00:00Z", action: `user.act${n}`, allowed: true, times: 1, ip: null, objectId: null, actor: null, impersonator: null, customer: null, object: null, ...more });
const listOf = (...nodes: object[]) => ({ data: { auditEvents: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } } } });
const answers = {
  AuditEvents: listOf(entry(1), entry(2)),
  Actors: { data: { users: { nodes: [{ id: "u1", name: "Ada", email: "ada@example.com" }, { id: "u2", name: "Grace", email: "grace@example.com" }] } } },
  Actor: { data: { node: { __typename: "User", id: "u7", name: "Linus", email: "linus@example.com" } } },
  ChooseCustomer: { data: { customers: { nodes: [{ id: "c1", name: "Acme", email: "a@acme.test", state: "ACTIVE" }] } } }, ChosenCustomer: { data: { customer: { id: "c1", name: "Acme" } } },
};
const open = async (at = "/audit", viewer = viewerOf(["AUDIT_READ", "USERS_READ", "CUSTOMERS_READ"]), list = answers.AuditEvents, more: Parameters<typeof graphOf>[0] = {}) => {
  const graph = graphOf({ ...answers, AuditEvents: list, ...more });
  const shown = show(<AuditPage />, graph, { path: "/audit", at, viewer });
  await screen.findByRole("button", { name: "user.act1" });
  const search = () => shown.router.state.location.search as Record<string, unknown>;
  return { ...shown, graph, search, user: userEvent.setup() };
};

describe("U40: filters stand in the address", () => {
  it("who did it, found by typing", async () => {
    const { graph, search, user } = await open("/audit?after=x");
    const actor = screen.getByRole("combobox", { name: "Who" });
    await user.click(actor);
    await user.type(actor, "gra");
    await waitFor(() => expect(graph.sent.some(({ operationName, variables }) => operationName === "Actors" && variables.search === "gra")).toBe(true));
    await user.click(await screen.findByRole("option", { name: "Grace (grace@example.com)" }));
    await waitFor(() => expect(search()).toEqual({ actor: "u2" }));
  });
  it("who did it, though not among those found", async () => {
    await open("/audit?actor=u7");
    await waitFor(() => expect(screen.getByRole("combobox", { name: "Who" })).toHaveValue("Linus (linus@example.com)"));
  });
  it("who did it: nobody of another text is offered, nor is it said that nobody is called so, before that is known", async () => {
    let answer = () => {};
    const held = new Promise<void>((go) => { answer = go; });
    const nobody = { data: { users: { nodes: [] } } };
    const { user } = await open("/audit?actor=u7", undefined, undefined, { Actors: ({ variables }) => (variables.search ? held.then(() => nobody) : answers.Actors) });
    const actor = screen.getByRole("combobox", { name: "Who" });
    await waitFor(() => expect(actor).toHaveValue("Linus (linus@example.com)"));
    await user.click(actor);
    expect((await screen.findAllByRole("option")).map(({ textContent }) => textContent)).toEqual(["Linus (linus@example.com)", "Ada (ada@example.com)", "Grace (grace@example.com)"]);
    await user.clear(actor);
    await user.type(actor, "zzz");
    expect(screen.queryAllByRole("option")).toEqual([]);
    expect(screen.getByText("Searching…")).toBeVisible();
    expect(screen.queryByText("Nobody is called that.")).not.toBeInTheDocument();
    await act(async () => answer());
    expect(await screen.findByText("Nobody is called that.")).toBeVisible();
  });
  it("nobody is offered to who may see no users", async () => {
    const { graph } = await open("/audit", viewerOf(["AUDIT_READ"]));
    expect(screen.queryByRole("combobox", { name: "Who" })).not.toBeInTheDocument();
    expect(graph.sent.map(({ operationName }) => operationName)).not.toContain("Actors");
  });
  it("what was done, offered from the list and sent when nobody types any more", async () => {
    const { search, user, graph } = await open();
    const action = screen.getByRole("combobox", { name: "Action" });
    await user.type(action, "user.act2");
    expect(await screen.findByRole("option", { name: "user.act2" })).toBeInTheDocument();
    await waitFor(() => expect(search()).toEqual({ action: "user.act2" }));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "AuditEvents").at(-1)?.variables.filter).toMatchObject({ action: "user.act2" }));
  });
  it("of which customer", async () => {
    const { search, user } = await open();
    await user.click(screen.getByRole("combobox", { name: "Customer" }));
    await user.click(await screen.findByRole("option", { name: "Acme" }));
    await waitFor(() => expect(search()).toEqual({ customer: "c1" }));
  });
  it.each([["From", "from"], ["Before", "to"]])("%s when, as the clock of the chosen zone shows it", async (label, name) => {
    timeZone.set("Europe/Berlin");
    const { search } = await open();
    const field = screen.getByLabelText(label);
    fireEvent.change(field, { target: { value: "2026-01-01T12:00" } });
    fireEvent.blur(field);
    await waitFor(() => expect(search()).toEqual({ [name]: "2026-01-01T11:00:00.000Z" }));
    const again = screen.getByLabelText(label);
    expect(again).toHaveValue("2026-01-01T12:00");
    fireEvent.blur(again); // nothing was changed
    expect(search()).toEqual({ [name]: "2026-01-01T11:00:00.000Z" });
    timeZone.set("UTC");
  });
  it("one object alone, and is cleared with all others", async () => {
    const { search, user } = await open("/audit?object=o1&allowed=no&actor=u1&action=user.act1");
    expect(screen.getByText("One object only")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Clear the filters" }));
    await waitFor(() => expect(search()).toEqual({}));
    expect(screen.queryByText("One object only")).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Clear the filters" })).not.toBeInTheDocument();
  });
});

describe("U40: what is being typed", () => {
  const begin = async (at: string) => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const shown = await open(at);
    const action = screen.getByRole("combobox", { name: "Action" });
    const ip = screen.getByRole("textbox", { name: "Address or network" });
    const type = (field: HTMLElement, text: string) => fireEvent.change(field, { target: { value: text } });
    const clear = () => fireEvent.click(screen.getByRole("button", { name: "Clear the filters" }));
    const later = () => act(() => vi.advanceTimersByTimeAsync(1_000));
    return { ...shown, action, ip, type, clear, later };
  };
  it("is not sent after the filters were cleared", async () => {
    const { action, type, clear, later, search } = await begin("/audit?action=user.act1");
    type(action, "user.act12");
    clear();
    await waitFor(() => expect(search()).toEqual({}));
    await later();
    expect(search()).toEqual({});
    expect(action).toHaveValue("");
  });
  it("is cleared, too, though it was not sent yet", async () => {
    const { action, ip, type, clear, later, search } = await begin("/audit?allowed=no");
    type(action, "user.act1");
    type(ip, "203.0.113.7");
    clear();
    expect([action, ip].map((field) => (field as HTMLInputElement).value)).toEqual(["", ""]);
    await later();
    expect(search()).toEqual({});
  });
  it("is called no address once nobody types any more, and no longer than it stands there", async () => {
    const { ip, type, clear, later, search } = await begin("/audit?allowed=no");
    type(ip, "somewhere");
    expect(ip).not.toHaveAccessibleDescription();
    await later();
    expect(ip).toHaveAccessibleDescription("Such as 203.0.113.7 or 203.0.113.0/24");
    expect(search()).toEqual({ allowed: "no" });
    clear();
    expect(ip).not.toHaveAccessibleDescription();
  });
  it("gives way to what comes from elsewhere", async () => {
    const { action, type, later, search, router } = await begin("/audit?action=user.act1");
    type(action, "user.act12");
    await act(() => router.navigate({ to: "/audit", search: { action: "user.act2" } as never }));
    expect(action).toHaveValue("user.act2");
    await later();
    expect(search()).toEqual({ action: "user.act2" });
    expect(action).toHaveValue("user.act2");
  });
});

describe("what something was done to", () => {
  it.each([
    [{ __typename: "Database", id: "1", name: "shop" }, "shop", "/databases/1"], [{ __typename: "Customer", id: "1", name: "Acme" }, "Acme", "/customers/1"], [{ __typename: "User", id: "1", name: "Ada" }, "Ada", "/users/1"],
    [{ __typename: "DatabaseServer", id: "1", name: "pg-1" }, "pg-1", "/servers/1"], [{ __typename: "Job", id: "1", kind: "database.create" }, "Create a database", "/jobs/1"], [{ __typename: "Job", id: "1", kind: "not.known" }, "not.known", "/jobs/1"], [{ __typename: "DatabaseUser", id: "1", username: "c7_x" }, "c7_x", undefined],
    [{ __typename: "Invitation", id: "1", email: "a@b.test" }, "a@b.test", undefined], [{ __typename: "DriftFinding", id: "1" }, "Drift", undefined],
  ])("%o", (object, name, page) => {
    expect(renderHook(useObjectName).result.current(object as never)).toBe(name);
    expect(pageOfObject(object as never)).toBe(page);
  });
  it("is named in the list, with who acted for whom", async () => {
    const named = entry(1, { object: { __typename: "Database", id: "1", name: "shop" }, actor: { id: "u1", name: "Ada" }, impersonator: { id: "u2", name: "Grace" }, customer: { id: "c1", name: "Acme" } });
    await open("/audit", undefined, listOf(named));
    const cells = within(screen.getAllByRole("row")[1]!).getAllByRole("cell").map(({ textContent }) => textContent);
    expect(cells.slice(0, 5)).toEqual(["user.act1", "Done", "Adaby Grace of the staff", "shop", "Acme"]);
  });
});

describe("an entry that comes live belongs to the list", () => {
  const live = entry(1, { actor: { id: "u1", name: "Ada" }, impersonator: { id: "u2", name: "Grace" }, customer: { id: "c1", name: "Acme" }, objectId: "o1" }) as Entry;
  it.each([
    [{}, true], [{ actor: "u1" }, true], [{ actor: "u2" }, true], [{ actor: "u3" }, false], [{ customer: "c1" }, true], [{ customer: "c2" }, false], [{ action: "user.act1" }, true], [{ action: "user" }, false], [{ object: "o1" }, true], [{ object: "o2" }, false],
    [{ allowed: "yes" }, true], [{ allowed: "no" }, false], [{ from: "2026-01-01T00:00:00Z" }, true], [{ from: "2026-01-01T00:00:01Z" }, false], [{ to: "2026-01-01T00:00:00Z" }, false], [{ to: "2026-01-02T00:00:00Z" }, true], [{ from: "nonsense" }, true],
  ] as const)("with the filters %o: %s", (search, belongs) => expect(fits(live, filterOf(search))).toBe(belongs));
});
