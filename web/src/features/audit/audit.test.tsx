import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Listener } from "@/gql/socket";
import { sessions } from "@/gql/session";
import * as files from "@/lib/csv";
import { graphOf, show, viewerOf } from "@/testing/render";
import { AuditPage } from "./audit";

const streams: Listener<unknown>[] = [];
vi.mock("@/gql/socket", () => ({
  listen: (_: unknown, __: unknown, listener: Listener<unknown>) => {
    streams.push(listener);
    return () => void streams.splice(streams.indexOf(listener), 1);
  },
}));
beforeEach(() => void streams.splice(0));

const entry = (n: number, more: object = {}) => ({
  id: `e${n}`, at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(), action: `database.create${n}`, allowed: true, times: 1, ip: "203.0.113.5", objectId: null,
  actor: { id: "u1", name: "Ada" }, impersonator: null, customer: null, object: null, ...more,
});
const listOf = (...nodes: object[]) => ({ data: { auditEvents: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } } } });
const nobody = { data: { users: { nodes: [] }, customers: { nodes: [] } } };
const others = { Actors: nobody, ChooseCustomer: nobody };
const gap = { auditFeed: { position: "p0" } };
const came = (n: number, more: object = {}) => ({ auditFeed: { position: `p${n}`, event: entry(n, more) } });
const page = (at = "/audit") => ({ path: "/audit", at, viewer: viewerOf(["AUDIT_READ"]) });
const tell = (data: unknown) => act(() => streams.at(-1)!.next(data));
const actions = () => screen.getAllByRole("button", { name: /^database\./ }).map(({ textContent }) => textContent);

describe("U40: the live tail", () => {
  it("U40: has each entry once, the newest on top, and reads the list anew from where the stream begins", async () => {
    const graph = graphOf({ AuditEvents: [listOf(entry(1)), listOf(entry(2), entry(1))], ...others });
    show(<AuditPage />, graph, page());
    await screen.findByRole("button", { name: "database.create1" });
    tell(gap);
    await screen.findByRole("button", { name: "database.create2" }); // was written between the two
    tell(came(2));
    tell(came(3));
    expect(actions()).toEqual(["database.create3", "database.create2", "database.create1"]);
    expect(graph.sent.filter(({ operationName }) => operationName === "AuditEvents")).toHaveLength(2);
  });

  it("U40: is paused and goes on, and nothing is lost meanwhile", async () => {
    const user = userEvent.setup();
    const { history } = show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), ...others }), page());
    await screen.findByRole("button", { name: "database.create1" });
    await user.click(screen.getByRole("button", { name: "Pause" }));
    await waitFor(() => expect(history.location.search).toBe("?paused=true"));
    tell(came(2));
    tell(came(3));
    expect(await screen.findByText("2 new entries wait.")).toBeVisible();
    expect(actions()).toEqual(["database.create1"]);
    await user.click(screen.getByRole("button", { name: "Go on" }));
    await waitFor(() => expect(actions()).toEqual(["database.create3", "database.create2", "database.create1"]));
  });

  it("U40: shows only what fits the filters of the address", async () => {
    show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1, { allowed: false })), ...others }), page("/audit?allowed=no"));
    await screen.findByRole("button", { name: "database.create1" });
    tell(came(2));
    tell(came(3, { allowed: false, times: 7 }));
    expect(actions()).toEqual(["database.create3", "database.create1"]);
    expect(screen.getByText("Refused × 7")).toBeVisible();
  });
});

it("U40: filters stand in the address and are sent", async () => {
  const user = userEvent.setup();
  const graph = graphOf({ AuditEvents: listOf(), ...others });
  const { history } = show(<AuditPage />, graph, page("/audit?action=user.disable&object=o1&from=2026-01-01T00:00:00.000Z"));
  expect(await screen.findByText("No entry is like this. Change the filters.")).toBeVisible();
  expect(graph.sent.find(({ operationName }) => operationName === "AuditEvents")?.variables.filter).toEqual({ action: "user.disable", exceptActions: ["session.refresh"], objectId: "o1", from: "2026-01-01T00:00:00.000Z" });
  await user.click(screen.getByRole("combobox", { name: "Outcome" }));
  await user.click(await screen.findByRole("option", { name: "Refused" }));
  await waitFor(() => expect(history.location.search).toContain("allowed=no"));
  await user.click(screen.getByRole("button", { name: "Clear the filters" }));
  await waitFor(() => expect(history.location.search).toBe(""));
});

describe("U40: an entry", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const whole = entry(1, {
    __typename: "AuditEvent", userAgent: `${evil}\u202Egnp`, requestId: "r1", sessionId: null, apiTokenId: null, apiToken: null, actor: { id: "u1", name: evil, email: "ada@example.com" },
    before: { name: "old", gone: 1 }, after: { name: evil, fresh: true },
  });
  it("U40: has its difference field by field, and whatever is hostile as text", async () => {
    const { container } = show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), AuditEvent: { data: { node: whole } }, ...others }), page("/audit?event=e1"));
    const table = within(await screen.findByRole("table", { name: "What changed" }));
    const cells = table.getAllByRole("row").slice(1).map((row) => within(row).getAllByRole("cell").map(({ textContent }) => textContent));
    expect(cells).toEqual([["~ changed", "name", "old", evil], ["− removed", "gone", "1", "–"], ["+ added", "fresh", "–", "true"]]);
    expect(screen.getByText(`${evil}\\u{202e}gnp`)).toBeVisible();
    expect(container.ownerDocument.querySelector("img")).toBeNull();
  });
  it("U40: is opened from the list, stands in the address, and gives the focus back", async () => {
    const user = userEvent.setup();
    const { history } = show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), AuditEvent: { data: { node: whole } }, ...others }), page());
    await user.click(await screen.findByRole("button", { name: "database.create1" }));
    await screen.findByRole("table", { name: "What changed" });
    expect(history.location.search).toContain("event=e1");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(history.location.search).toBe(""));
    await waitFor(() => expect(screen.getByRole("button", { name: "database.create1" })).toHaveFocus());
  });
  it("U11: one that is not theirs is as one that does not exist", async () => {
    show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), AuditEvent: { data: { node: null } }, ...others }), page("/audit?event=foreign"));
    expect(await screen.findByText("The entry does not exist, or is not yours to see.")).toBeVisible();
  });
});

describe("U40: the export", () => {
  it("U40: has the filters, the token in the header alone, and becomes a file", async () => {
    const user = userEvent.setup();
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    vi.spyOn(sessions, "token").mockResolvedValue("access-1");
    const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("a,b\n", { headers: { "Content-Type": "text/csv" } }));
    show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), ...others }), page("/audit?allowed=no&action=user.disable"));
    await user.click(await screen.findByRole("button", { name: "Export" }));
    await user.click(await screen.findByRole("menuitem", { name: "As CSV" }));
    await waitFor(() => expect(saved).toHaveBeenCalledWith("audit.csv", "text/csv", expect.anything()));
    const [url, init] = fetched.mock.calls[0]!;
    expect(url).toBe("/audit/export?format=csv&action=user.disable&exceptActions=session.refresh&allowed=false");
    expect(init?.headers).toEqual({ Authorization: "Bearer access-1" });
  });
  it("U40: that is refused saves nothing and says why", async () => {
    const user = userEvent.setup();
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    vi.spyOn(sessions, "token").mockResolvedValue("access-1");
    vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("You may not read the audit.\n", { status: 403 }));
    show(<AuditPage />, graphOf({ AuditEvents: listOf(entry(1)), ...others }), page());
    await user.click(await screen.findByRole("button", { name: "Export" }));
    await user.click(await screen.findByRole("menuitem", { name: "As JSON lines" }));
    expect(await screen.findByText("You may not read the audit.")).toBeVisible();
    expect(saved).not.toHaveBeenCalled();
  });
});

it("U2: a list that failed has the request's id and is read again", async () => {
  const user = userEvent.setup();
  show(<AuditPage />, graphOf({ AuditEvents: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-9" } }] }, listOf(entry(1))], ...others }), page());
  expect(await screen.findByText("Request r-9")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("button", { name: "database.create1" })).toBeVisible();
});

it("U40: renewals of sessions are shown when they are asked for, and then stand in the address", async () => {
  const user = userEvent.setup();
  const graph = graphOf({ AuditEvents: listOf(entry(1)), ...others });
  const { history } = show(<AuditPage />, graph, page("/audit"));
  const filters = () => graph.sent.filter(({ operationName }) => operationName === "AuditEvents").map(({ variables }) => (variables.filter as { exceptActions?: string[] }).exceptActions);
  await waitFor(() => expect(filters().at(-1)).toEqual(["session.refresh"]));
  await user.click(await screen.findByRole("checkbox", { name: "Also renewals of sessions" }));
  await waitFor(() => expect(filters().at(-1)).toBeUndefined());
  expect(history.location.search).toContain("renewals=true");
});
