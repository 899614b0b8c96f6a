import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { graphOf, show, viewerOf } from "@/testing/render";
import { decisionsOf, DriftPage, type Finding } from "./drift";

const finding: Finding = { id: "f1", kind: "ORPHAN", objectKind: "DATABASE", externalName: "c1_old", detail: "Nobody's database.", foundAt: "2026-01-01T00:00:00Z", resolvedAt: null, ignored: false, resource: null, server: { id: "s1", name: "db-one" }, job: null };
const listOf = (...nodes: Finding[]) => ({ data: { driftFindings: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const servers = { data: { databaseServers: { nodes: [{ id: "s1", name: "db-one" }] } } };
const staff = viewerOf(["SERVERS_READ", "JOBS_READ", "DATABASES_WRITE"]);
const place = { path: "/drift", viewer: staff };

describe("drift", () => {
  it("U3: filters stand in the address and are sent; what is not resolved comes first", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ DriftFindings: listOf(finding), DriftServers: servers });
    const { history } = show(<DriftPage />, graph, { ...place, at: "/drift?server=s1&database=d1" });
    expect(await screen.findByText("c1_old")).toBeVisible();
    expect(graph.sent.find(({ operationName }) => operationName === "DriftFindings")?.variables.filter).toEqual({ serverId: "s1", databaseId: "d1", resolved: false });
    await user.click(screen.getByRole("combobox", { name: "Which findings" }));
    await user.click(await screen.findByRole("option", { name: "Resolved" }));
    await waitFor(() => expect(history.location.search).toContain("resolved=yes"));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "DriftFindings").at(-1)?.variables.filter).toEqual({ serverId: "s1", databaseId: "d1", resolved: true }));
  });

  it("U3: is of the customer that was chosen, who is taken off with all other filters", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ DriftFindings: [listOf(), listOf(finding)], DriftServers: servers });
    const { history } = show(<DriftPage />, graph, { ...place, at: "/drift?customer=c1" });
    expect(await screen.findByText("No finding is like this. Change the filters.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Clear filters" }));
    expect(await screen.findByText("c1_old")).toBeVisible();
    expect(history.location.search).toBe("");
    expect(graph.sent.filter(({ operationName }) => operationName === "DriftFindings").map(({ variables }) => variables.filter)).toEqual([{ customerId: "c1", resolved: false }, { resolved: false }]);
  });

  it("of a customer's own is shown without servers, and an address with one is the list of all", async () => {
    const graph = graphOf({ DriftFindings: listOf({ ...finding, kind: "DIFFERS", server: null }) });
    show(<DriftPage />, graph, { ...place, at: "/drift?server=s1", viewer: viewerOf(["JOBS_READ", "DATABASES_WRITE"], { user: { ...viewerOf().user, role: null } }) });
    expect(await screen.findByRole("button", { name: "Decide about c1_old" })).toBeVisible();
    expect(graph.sent.map(({ operationName, variables }) => [operationName, variables.filter])).toEqual([["DriftFindings", { resolved: false }]]);
    expect(screen.queryByRole("columnheader", { name: "Server" })).not.toBeInTheDocument();
    expect(screen.queryByRole("combobox", { name: "Server" })).not.toBeInTheDocument();
  });

  it.each([["/drift", "Show resolved findings, too", "?resolved=all"], ["/drift?kind=FOREIGN&resolved=yes", "Clear filters", ""]])("U2: %s that is empty offers: %s", async (at, name, search) => {
    const user = userEvent.setup();
    const { history } = show(<DriftPage />, graphOf({ DriftFindings: listOf(), DriftServers: servers }), { ...place, at });
    await user.click(await screen.findByRole("button", { name }));
    await waitFor(() => expect(history.location.search).toBe(search));
  });

  it("U26: an orphan is deleted only with its name typed, after the steps were shown", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      DriftFindings: listOf(finding), DriftServers: servers,
      DecideDriftFinding: ({ variables }) => ({
        data: { decideDriftFinding: (variables.input as { dryRun?: boolean }).dryRun ? { driftFinding: null, job: null, preview: { steps: ["look", "drop"] } } : { driftFinding: { id: "f1", ignored: false, resolvedAt: null }, job: { id: "j1", state: "PENDING" }, preview: null } },
      }),
    });
    show(<DriftPage />, graph, place);
    await user.click(await screen.findByRole("button", { name: "Decide about c1_old" }));
    expect(screen.queryByRole("menuitem", { name: "Repair" })).toBeNull();
    await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(await dialog.findByText("drop")).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "DecideDriftFinding").map(({ variables }) => variables)).toEqual([{ input: { id: "f1", decision: "DELETE", dryRun: true } }]);
    expect(dialog.getByRole("button", { name: "Delete" })).toBeDisabled();
    await user.type(dialog.getByLabelText("Type c1_old to confirm"), "c1_old");
    await user.click(dialog.getByRole("button", { name: "Delete" }));
    expect(await screen.findByText("It is ordered; the finding shows its job.")).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "DecideDriftFinding").at(-1)?.variables).toEqual({ input: { id: "f1", decision: "DELETE" } });
  });

  it("U6: what the panel would refuse is told before it is sent", async () => {
    const user = userEvent.setup();
    show(<DriftPage />, graphOf({ DriftFindings: listOf({ ...finding, kind: "DIFFERS" }), DriftServers: servers, DecideDriftFinding: { errors: [{ message: "A job is at work on it.", extensions: { code: "CONFLICT" } }] } }), place);
    await user.click(await screen.findByRole("button", { name: "Decide about c1_old" }));
    await user.click(await screen.findByRole("menuitem", { name: "Repair" }));
    expect(await screen.findByText("A job is at work on it.")).toBeVisible();
  });

  it("offers what fits the kind, and orphans and what is foreign to staff alone", () => {
    expect(decisionsOf({ ...finding, kind: "MISSING" }, true)).toEqual(["RECREATE", "IGNORE"]);
    expect(decisionsOf({ ...finding, kind: "MISSING", objectKind: "ROLE" }, true)).toEqual(["REPAIR", "IGNORE"]);
    expect(decisionsOf({ ...finding, kind: "FOREIGN" }, true)).toEqual(["ADOPT", "IGNORE"]);
    expect(decisionsOf({ ...finding, kind: "FOREIGN" }, false)).toEqual([]);
    expect(decisionsOf({ ...finding, kind: "DIFFERS", ignored: true }, false)).toEqual(["REPAIR"]);
    expect(decisionsOf({ ...finding, resolvedAt: "2026-01-01T00:00:00Z" }, true)).toEqual([]);
  });

  it("U2: says when nothing differs, and when the list failed", async () => {
    const user = userEvent.setup();
    show(<DriftPage />, graphOf({ DriftFindings: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-2" } }] }, listOf()], DriftServers: servers }), place);
    expect(await screen.findByText("Request r-2")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Nothing differs: all servers are as they are to be.")).toBeVisible();
  });
});
