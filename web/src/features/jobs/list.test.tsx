import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { timeZone } from "@/lib/format";
import { setLanguage } from "@/lib/text";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { JobsPage } from "./list";

const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const row = (id: string, patch: object = {}) => ({
  id, kind: `database.${id}`, state: "SUCCEEDED", percent: 100, waitingFor: null, createdAt: "2026-11-01T10:00:00Z", startedAt: "2026-11-01T10:00:00Z", finishedAt: "2026-11-01T10:00:02.400Z", customer: { id: "c1", name: "Acme" }, actor: { id: "u1", name: "Ada" }, resource: { __typename: "Database", id: "db_1", name: "shop" }, ...patch,
});
const listOf = (...nodes: object[]) => ({ data: { jobs: { nodes, pageInfo, totalCount: nodes.length } } });
const open = (answers: Parameters<typeof graphOf>[0], at = "/jobs") => {
  const graph = graphOf(answers);
  return { graph, ...show(<JobsPage />, graph, { path: "/jobs", at, viewer: viewerOf(everything) }) };
};
const cells = (row: HTMLElement) => within(row).getAllByRole("cell").map(({ textContent }) => textContent);

it("lists jobs with what they are of, how far they are and how long they took", async () => {
  open({ JobsOf: listOf(row("a"), row("b", { state: "RUNNING", waitingFor: "SERVER_AWAY", percent: 30, finishedAt: null, customer: null, actor: null, resource: null })) });
  const [, first, second] = await screen.findAllByRole("row");
  expect(cells(first!)).toEqual(["database.a", "shop", "Succeeded", "", "Acme", "Ada", expect.stringMatching(/ago/), "2.4 s"]);
  expect(cells(second!)).toEqual(["database.b", "–", "Waiting", "", "–", "The panel", expect.stringMatching(/ago/), "–"]);
  expect(within(second!).getByRole("progressbar", { name: "Progress 30%" })).toBeInTheDocument();
  expect(within(first!).getByRole("link", { name: "database.a" })).toHaveAttribute("href", "/jobs/a");
  expect(within(first!).getByRole("link", { name: "shop" })).toHaveAttribute("href", "/databases/db_1");
});

it("names the server that a job works on, with the way there", async () => {
  open({ JobsOf: listOf(row("a", { resource: { __typename: "DatabaseServer", id: "srv_1", name: "pg-1" } })) });
  expect(await screen.findByRole("link", { name: "pg-1" })).toHaveAttribute("href", "/servers/srv_1");
});

it.each([["en", "Database server", "Dump"], ["de", "Datenbankserver", "Dump"]] as const)("what has no name is said to be what it is, with the way there: %s", async (language, server, dump) => {
  setLanguage(language);
  open({ JobsOf: listOf(row("a", { resource: { __typename: "DatabaseServer", id: "srv_1" } }), row("b", { resource: { __typename: "DatabaseDump", id: "dump_1" } })) });
  expect(await screen.findByRole("link", { name: server })).toHaveAttribute("href", "/servers/srv_1");
  expect(screen.getByRole("cell", { name: dump })).toBeVisible();
  setLanguage("en");
});

it("U3: the state stands in the address and is sent, and the page begins anew", async () => {
  const user = userEvent.setup();
  const { graph, router } = open({ JobsOf: listOf(row("a")) }, "/jobs?after=x&customer=c1&resource=db_1");
  await user.click(await screen.findByRole("combobox", { name: "State" }));
  await user.click(await screen.findByRole("option", { name: "Failed" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ customer: "c1", resource: "db_1", state: "FAILED" }));
  await waitFor(() => expect(graph.sent.at(-1)?.variables).toEqual({ first: 25, after: null, filter: { state: "FAILED", customerId: "c1", resourceId: "db_1" } }));
});

it.each([["/jobs", "Nothing has been ordered yet."], ["/jobs?state=STUCK", "No job is like this. Change the filters."], ["/jobs?customer=c1", "No job is like this. Change the filters."]])("U2: %s that is empty says: %s", async (at, said) => {
  open({ JobsOf: listOf() }, at);
  expect(await screen.findByText(said)).toBeVisible();
});

it("U3: from when on stands in the address, as the clock of the chosen zone shows it, and is sent", async () => {
  const before = timeZone.get();
  timeZone.set("Europe/Berlin");
  const { graph, router } = open({ JobsOf: listOf(row("a")) }, `/jobs?state=FAILED&from=${encodeURIComponent("2026-07-01T10:00:00Z")}&after=x`);
  expect(await screen.findByLabelText("From")).toHaveValue("2026-07-01T12:00");
  expect(graph.sent.at(-1)?.variables.filter).toEqual({ state: "FAILED", since: "2026-07-01T10:00:00.000Z" });
  fireEvent.change(screen.getByLabelText("From"), { target: { value: "2026-07-01T13:30" } });
  fireEvent.blur(screen.getByLabelText("From"));
  await waitFor(() => expect(router.state.location.search).toEqual({ state: "FAILED", from: "2026-07-01T11:30:00.000Z" }));
  await waitFor(() => expect(graph.sent.at(-1)?.variables.filter).toEqual({ state: "FAILED", since: "2026-07-01T11:30:00.000Z" }));
  fireEvent.change(screen.getByLabelText("From"), { target: { value: "" } });
  fireEvent.blur(screen.getByLabelText("From"));
  await waitFor(() => expect(router.state.location.search).toEqual({ state: "FAILED" }));
  timeZone.set(before);
});

it("U3: a time that is none is overlooked, and one before which nothing was is cleared", async () => {
  const user = userEvent.setup();
  const { graph, router } = open({ JobsOf: listOf() }, "/jobs?from=rubbish");
  expect(await screen.findByText("Nothing has been ordered yet.")).toBeVisible();
  expect(graph.sent.at(-1)?.variables.filter).toEqual({});
  await act(() => router.navigate({ to: "/jobs", search: { from: "2026-07-01T10:00:00Z" } as never }));
  await user.click(await screen.findByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

it("U3: says of which object the list is, and takes that off, which Back takes back", async () => {
  const user = userEvent.setup();
  const { router, history } = open({ JobsOf: listOf(), FilterObject: { data: { node: { __typename: "Database", id: "db_1", name: "shop" } } } }, "/jobs?resource=db_1");
  await user.click(await screen.findByRole("button", { name: /^Only: shop/ }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  expect(await screen.findByRole("link", { name: "Create a database" })).toHaveAttribute("href", "/databases?new=true");
  act(() => history.back());
  await waitFor(() => expect(router.state.location.search).toEqual({ resource: "db_1" }));
  await user.click(await screen.findByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

it("U2: a list that cannot be read says so, and is tried again", async () => {
  const user = userEvent.setup();
  open({ JobsOf: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-1" } }] }, listOf(row("a"))] });
  expect(await screen.findByText("Request r-1")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "database.a" })).toBeVisible();
});

it("U9: exports all pages of what the filters leave", async () => {
  const user = userEvent.setup();
  const saved = vi.spyOn(files, "save").mockImplementation(() => {});
  const more = { data: { jobs: { nodes: [row("a")], pageInfo: { ...pageInfo, hasNextPage: true, endCursor: "c1" }, totalCount: 2 } } };
  const { graph } = open({ JobsOf: [listOf(row("a")), more, listOf(row("b", { startedAt: null, finishedAt: null, actor: null, customer: null }))] }, "/jobs?state=FAILED");
  await user.click(await screen.findByRole("button", { name: /CSV/ }));
  await waitFor(() => expect(saved).toHaveBeenCalledOnce());
  const lines = String(saved.mock.calls[0]![2]).trim().split("\r\n");
  expect(lines).toHaveLength(3);
  expect(lines[1]).toBe('"database.a","shop","SUCCEEDED","Acme","Ada","2026-11-01T10:00:00Z","2400"');
  expect(lines[2]).toBe('"database.b","shop","SUCCEEDED","","","2026-11-01T10:00:00Z",""');
  expect(graph.sent.map(({ variables }) => [variables.first, variables.after, (variables.filter as { state: string }).state])).toEqual([[25, null, "FAILED"], [100, null, "FAILED"], [100, "c1", "FAILED"]]);
});

it("is German for who wants it", async () => {
  setLanguage("de");
  open({ JobsOf: listOf(row("a", { kind: "database.create", state: "COMPENSATING", finishedAt: null })) });
  expect(await screen.findByRole("link", { name: "Datenbank anlegen" })).toBeVisible();
  expect(await screen.findByRole("cell", { name: "Wird zurückgenommen" })).toBeVisible();
  expect(screen.getByRole("progressbar", { name: /Fortschritt 100/ })).toBeInTheDocument();
  setLanguage("en");
});
