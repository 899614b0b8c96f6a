import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, show, viewerOf } from "@/testing/render";
import { ServersPage } from "./list";
import { ServerPage } from "./server";

const staff = viewerOf(["SERVERS_READ", "SERVERS_WRITE"]);
const row = { id: "s1", name: "db-one", host: "10.0.0.1", port: 5432, version: "15.18", reachable: true, checkedAt: "2026-01-01T00:00:00Z", blocked: false, problems: [] as string[], maintenance: null, driftBrake: "OFF", databaseCount: 1234 };
const listOf = (...nodes: object[]) => ({ data: { databaseServers: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const full = { __typename: "DatabaseServer", ...row, surveyedAt: null, deleteGraceSeconds: 604800, capabilities: [] };
const list = (nodes: object[], viewer = staff) => ({ user: userEvent.setup(), ...show(<ServersPage />, graphOf({ DatabaseServers: listOf(...nodes) }), { path: "/servers", viewer }) });
const page = (patch: object, answers: Record<string, Answer | Answer[]> = {}, viewer = staff) => {
  const graph = graphOf({ DatabaseServer: { data: { node: { ...full, ...patch } } }, ...answers });
  return { graph, user: userEvent.setup(), ...show(<ServerPage />, graph, { path: "/servers/$id", at: "/servers/s1", viewer }) };
};

describe("how a server is", () => {
  it.each([
    [{}, ["Reachable"], "ok"], [{ checkedAt: null, version: null }, ["Not checked yet"], "ok"], [{ reachable: false }, ["Not reachable"], "unreachable"], [{ blocked: true, problems: ["a", "b"] }, ["Cannot be used", "2 problems"], "blocked"],
    [{ maintenance: { reason: "x", since: "2026-01-01T00:00:00Z" } }, ["In maintenance", "Reachable"], "maintenance"], [{ driftBrake: "ON" }, ["Repairs rest"], "ok"],
  ])("%o is said in words, and exported", async (patch, words, exported) => {
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    const { user } = list([{ ...row, ...patch }]);
    const of = within((await screen.findAllByRole("row"))[1]!);
    for (const word of words) expect(of.getByText(word)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Export as CSV" }));
    await waitFor(() => expect(saved).toHaveBeenCalledOnce());
    expect(String(saved.mock.calls[0]![2]).split("\r\n")[1]).toMatch(new RegExp(`^"db-one","${exported}","10.0.0.1:5432",`));
  });
  it("is German, with numbers as they are written there, one problem and two", async () => {
    setLanguage("de");
    list([{ ...row, problems: ["a"] }, { ...row, id: "s2", problems: ["a", "b"] }]);
    expect((await screen.findAllByRole("cell", { name: "1.234" }))[0]).toBeVisible();
    expect(screen.getByText("1 Problem")).toBeVisible();
    expect(screen.getByText("2 Probleme")).toBeVisible();
    setLanguage("en");
  });
});

it("U3: those that need attention alone, which stands in the address and is sent", async () => {
  const graph = graphOf({ DatabaseServers: ({ variables }) => (variables.filter as { needsAttention?: boolean }).needsAttention ? listOf() : listOf(row) });
  const { router } = show(<ServersPage />, graph, { path: "/servers", viewer: staff });
  const user = userEvent.setup();
  expect(await screen.findByRole("link", { name: "db-one" })).toBeVisible();
  await user.click(screen.getByRole("checkbox", { name: "Only those that need attention" }));
  expect(await screen.findByText("No server needs attention.")).toBeVisible();
  expect(router.state.location.search).toEqual({ attention: true });
  expect(graph.sent.map(({ variables }) => variables.filter)).toEqual([{}, { needsAttention: true }]);
  await user.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(await screen.findByRole("link", { name: "db-one" })).toBeVisible();
  expect(screen.getByRole("checkbox", { name: "Only those that need attention" })).not.toBeChecked();
});

it("who may only read registers none", async () => {
  list([], viewerOf(["SERVERS_READ"]));
  expect(await screen.findByText("No server is registered yet. Register one to make databases on it.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Register server" })).not.toBeInTheDocument();
});

it("U2: a list that cannot be read says so with its request", async () => {
  show(<ServersPage />, graphOf({ DatabaseServers: { errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-8" } }] } }), { path: "/servers", viewer: staff });
  expect(await screen.findByText("Request r-8")).toBeVisible();
});

it("maintenance is ended after a question, and jobs go on", async () => {
  const { user, graph } = page({ maintenance: { reason: "new disks", since: "2026-01-01T00:00:00Z" } }, { SetDatabaseServerMaintenance: { data: { setDatabaseServerMaintenance: { databaseServer: { id: "s1", maintenance: null } } } } });
  expect(await screen.findByText(/new disks/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "End maintenance" }));
  const dialog = within(await screen.findByRole("dialog", { name: "End maintenance" }));
  expect(dialog.getByText("Its jobs go on at once.")).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "End maintenance" }));
  expect(await screen.findByText("Maintenance is over, and jobs go on.")).toBeVisible();
  expect(graph.sent.find(({ operationName }) => operationName === "SetDatabaseServerMaintenance")?.variables.input).toEqual({ id: "s1", enabled: false });
});

it.each([["OFF", "Repairs are on"], ["ON", "Repairs rest"], ["RELEASED", "Repairs are on: the brake was released"]])("says whether repairs go on: %s", async (driftBrake, said) => {
  page({ driftBrake });
  const region = await screen.findByRole("region", { name: "Drift" });
  expect(region).toHaveTextContent(said);
  expect(within(region).getByRole("link", { name: "See what differs" })).toHaveAttribute("href", "/drift?server=s1");
});

it("was never reached: nothing is known of what it can", async () => {
  page({ checkedAt: null, capabilities: [] });
  expect(await screen.findByText("It was never reached, so that nothing is known.")).toBeVisible();
});

it("is compared now by who asks for it", async () => {
  const { user, graph } = page({}, { SurveyDatabaseServer: { errors: [{ message: "It is away.", extensions: { code: "UNAVAILABLE" } }] } });
  await user.click(await screen.findByRole("button", { name: "Compare now" }));
  await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "SurveyDatabaseServer")?.variables.input).toEqual({ id: "s1" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("UNAVAILABLE");
});
