import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, memberOf, permissionsIn, show, viewerOf } from "@/testing/render";
import { DriftPage, type Finding } from "./drift";

const finding: Finding = { id: "f1", kind: "DIFFERS", objectKind: "DATABASE", externalName: "c1_shop", detail: "Its owner is another.", foundAt: "2026-01-01T00:00:00Z", resolvedAt: null, ignored: false, resource: { __typename: "Database", id: "db_1", name: "shop", customer: { id: "c1" } } as never, server: { id: "s1", name: "db-one" }, job: { id: "j1", state: "FAILED" } };
const listOf = (...nodes: Finding[]) => ({ data: { driftFindings: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const staff = viewerOf(["SERVERS_READ", "JOBS_READ", "DATABASES_WRITE"]);
const open = (nodes: Finding[], answers: Parameters<typeof graphOf>[0] = {}, at = "/drift", viewer = staff) => {
  const graph = graphOf({ DriftFindings: listOf(...nodes), DriftServers: { data: { databaseServers: { nodes: [{ id: "s1", name: "db-one" }, { id: "s2", name: "db-two" }] } } }, ...answers });
  return { graph, user: userEvent.setup(), ...show(<DriftPage />, graph, { path: "/drift", at, viewer }) };
};
const decided = (job: object | null) => ({ variables }: { variables: Record<string, unknown> }): Answer => ({
  data: { decideDriftFinding: (variables.input as { dryRun?: boolean }).dryRun ? { driftFinding: null, job: null, preview: { steps: job ? ["look", "repair"] : [] } } : { driftFinding: { id: "f1", ignored: !job, resolvedAt: null }, job, preview: null } },
});

it("a finding leads to its database, its server and its job", async () => {
  open([finding]);
  const row = within((await screen.findAllByRole("row"))[1]!);
  expect(row.getByRole("link", { name: "c1_shop" })).toHaveAttribute("href", "/databases/db_1");
  expect(row.getByRole("link", { name: "db-one" })).toHaveAttribute("href", "/servers/s1");
  expect(row.getByRole("link", { name: "Failed" })).toHaveAttribute("href", "/jobs/j1");
});

it("one that is over or left as it is says so, and there is nothing to decide about what is over", async () => {
  open([{ ...finding, resolvedAt: "2026-01-02T00:00:00Z", resource: null, server: null, job: null } as Finding, { ...finding, id: "f2", ignored: true }], {}, "/drift?resolved=all");
  const [, first, second] = await screen.findAllByRole("row");
  expect(within(first!).getByText("Resolved")).toBeVisible();
  expect(within(first!).queryByRole("button")).not.toBeInTheDocument();
  expect(within(second!).getByText("Left as it is")).toBeVisible();
  expect(within(second!).getByRole("button", { name: "Decide about c1_shop" })).toBeVisible();
});

it("there is something to decide only where one may", async () => {
  const of = (resource: object) => ({ resource }) as never as Partial<Finding>;
  const answers = { PermissionsIn: permissionsIn("c1", ["DATABASES_READ"], ["DATABASES_WRITE"]) };
  const user = (n: number) => of({ __typename: "DatabaseUser", id: `du_${n}`, database: { id: `db_${n}`, customer: { id: `c${n}` } } });
  open([
    finding, { ...finding, id: "f2", externalName: "c1_reports", objectKind: "ROLE", ...user(1) },
    { ...finding, id: "f3", externalName: "c2_shop", ...of({ __typename: "Database", id: "db_2", name: "shop", customer: { id: "c2" } }) }, { ...finding, id: "f4", externalName: "c2_reports", objectKind: "ROLE", ...user(2) },
  ], answers, "/drift", memberOf(["JOBS_READ", "DATABASES_WRITE"]));
  await screen.findAllByRole("row");
  await waitFor(() => expect(screen.getAllByRole("button", { name: /^Decide about/ }).map((button) => button.getAttribute("aria-label"))).toEqual(["Decide about c2_shop", "Decide about c2_reports"]));
});

describe("a decision", () => {
  const decide = async (name: string, answer: Answer | ((sent: { variables: Record<string, unknown> }) => Answer), of: Finding = finding) => {
    const shown = open([of], { DecideDriftFinding: answer });
    await shown.user.click(await screen.findByRole("button", { name: `Decide about ${of.externalName}` }));
    await shown.user.click(await screen.findByRole("menuitem", { name }));
    return { ...shown, dialog: within(await screen.findByRole("dialog", { name: `${name}: ${of.externalName}` })) };
  };
  it.each([["Repair", "REPAIR", { id: "j9", state: "PENDING" }, "repair", "It is ordered; the finding shows its job."], ["Leave as it is", "IGNORE", null, "Nothing is done on the server.", "It is decided."]])("“%s” says what it would do, and is taken without a typed name", async (name, decision, job, step, said) => {
    const { dialog, user, graph } = await decide(name, decided(job));
    expect(await dialog.findByText(step)).toBeVisible();
    expect(dialog.queryByRole("textbox")).not.toBeInTheDocument();
    await user.click(dialog.getByRole("button", { name }));
    expect(await screen.findByText(said)).toBeVisible();
    await waitFor(() => expect(graph.sent.findLast(({ operationName }) => operationName === "DecideDriftFinding")?.variables).toEqual({ input: { id: "f1", decision } }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });
  it("U6: says before it is taken that it would be refused", async () => {
    const { dialog } = await decide("Repair", { errors: [{ message: "The server is in maintenance.", extensions: { code: "CONFLICT" } }] });
    expect(await dialog.findByText("The server is in maintenance.")).toBeVisible();
  });
});

describe("U3: filters stand in the address and are sent", () => {
  it.each([["How", "Nobody's", { kind: "ORPHAN" }], ["Server", "db-two", { server: "s2" }], ["Which findings", "All", { resolved: "all" }]])("%s: %s", async (label, option, search) => {
    const { user, router } = open([finding], {}, "/drift?after=x");
    await user.click(await screen.findByRole("combobox", { name: label }));
    await user.click(await screen.findByRole("option", { name: option }));
    await waitFor(() => expect(router.state.location.search).toEqual(search));
  });
  it("one database only, until it is taken away", async () => {
    const { user, router } = open([finding], {}, "/drift?database=db_1");
    await user.click(await screen.findByRole("button", { name: /^Only one object/ }));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
  });
  it("no servers are asked for of who may see none", async () => {
    const { graph } = open([finding], {}, "/drift", viewerOf(["JOBS_READ"]));
    await screen.findByText("c1_shop");
    expect(graph.sent.map(({ operationName }) => operationName)).toEqual(["DriftFindings"]);
    expect(screen.queryByRole("combobox", { name: "Server" })).not.toBeInTheDocument();
  });
});

it("U9: exports what the filters leave", async () => {
  const saved = vi.spyOn(files, "save").mockImplementation(() => {});
  const { user } = open([finding, { ...finding, id: "f2", server: null, job: null } as Finding]);
  await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
  await waitFor(() => expect(saved).toHaveBeenCalledOnce());
  expect(String(saved.mock.calls[0]![2]).trim().split("\r\n").slice(1)).toEqual(['"c1_shop","DIFFERS","DATABASE","Its owner is another.","db-one","2026-01-01T00:00:00Z","FAILED"', '"c1_shop","DIFFERS","DATABASE","Its owner is another.","","2026-01-01T00:00:00Z",""']);
});

it("is German for who wants it", async () => {
  setLanguage("de");
  open([]);
  expect(await screen.findByRole("heading", { level: 1, name: "Abweichungen" })).toBeVisible();
  setLanguage("en");
});
