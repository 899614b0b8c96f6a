import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { graphOf, show, viewerOf } from "@/testing/render";
import { ServersPage } from "./list";
import { ServerPage } from "./server";

const staff = viewerOf(["SERVERS_READ", "SERVERS_WRITE"]);
const row = { id: "s1", name: "db-one", host: "10.0.0.1", port: 5432, version: "15.18", reachable: true, checkedAt: "2026-01-01T00:00:00Z", blocked: false, problems: [] as string[], maintenance: null, driftBrake: "OFF", databaseCount: 0 };
const listOf = (...nodes: object[]) => ({ data: { databaseServers: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const full = { __typename: "DatabaseServer", ...row, surveyedAt: null, deleteGraceSeconds: 604800, capabilities: [{ name: "create_databases", available: true, hint: null }, { name: "new_thing", available: false, hint: "GRANT something TO panel" }] };
const server = (more: object = {}) => ({ data: { node: { ...full, ...more } } });
const list = { path: "/servers", viewer: staff };
const at = { path: "/servers/$id", at: "/servers/s1", viewer: staff };

describe("database servers", () => {
  it("U2: say how they are in words; none is an invitation to register one", async () => {
    show(<ServersPage />, graphOf({ DatabaseServers: listOf({ ...row, reachable: false, problems: ["No route to host."], maintenance: { reason: "x", since: "2026-01-01T00:00:00Z" }, driftBrake: "ON" }) }), list);
    expect(await screen.findByText("Not reachable")).toBeVisible();
    for (const words of ["In maintenance", "1 problem", "Repairs rest"]) expect(screen.getByText(words)).toBeVisible();
  });

  it("U12: are registered, with what is wrong beside its field, and no password in Show GraphQL", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      DatabaseServers: listOf(),
      RegisterDatabaseServer: [{ errors: [{ message: "This is no host.", extensions: { code: "INVALID", field: "host" } }] }, { data: { registerDatabaseServer: { databaseServer: { id: "s2", name: "db-two", reachable: true, problems: [] } } } }],
    });
    const { history } = show(<ServersPage />, graph, list);
    expect(await screen.findByText("No server is registered yet. Register one to make databases on it.")).toBeVisible();
    await user.click(screen.getAllByRole("button", { name: "Register server" })[0]!);
    const form = within(await screen.findByRole("dialog"));
    await user.type(form.getByLabelText("Name"), "db-two");
    await user.type(form.getByLabelText("Host"), "?");
    await user.type(form.getByLabelText("Admin role"), "panel");
    await user.type(form.getByLabelText("Its password"), "s3cret-of-admin");
    await user.click(form.getByRole("button", { name: "Show GraphQL" }));
    expect(await screen.findByText(/"adminUser": "panel"/)).toBeInTheDocument();
    expect(document.body.textContent).not.toContain("s3cret-of-admin");
    await user.click(screen.getAllByRole("button", { name: "Close" }).at(-1)!);
    await user.click(form.getByRole("button", { name: "Register server" }));
    expect(await form.findByText("This is no host.")).toBeVisible();
    await waitFor(() => expect(form.getByLabelText("Host")).toHaveFocus());
    await user.click(form.getByRole("button", { name: "Register server" }));
    await waitFor(() => expect(history.location.pathname).toBe("/servers/s2"));
    expect(graph.sent.filter(({ operationName }) => operationName === "RegisterDatabaseServer").at(-1)?.variables).toEqual({ input: { name: "db-two", host: "?", port: 5432, adminUser: "panel", adminPassword: "s3cret-of-admin", sslMode: null } });
  });
});

describe("a database server", () => {
  it("U37: tells what it can, what helps, and is checked now", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      DatabaseServer: [server({ problems: ["The disk is full: make room."] }), server()],
      CheckDatabaseServer: { data: { checkDatabaseServer: { databaseServer: { id: "s1", reachable: true, checkedAt: "2026-01-01T00:01:00Z" }, problems: [] } } },
    });
    show(<ServerPage />, graph, at);
    expect(await screen.findByText("The disk is full: make room.")).toBeVisible();
    expect(screen.getByText("Create databases")).toBeVisible();
    expect(screen.getByText("new_thing")).toBeVisible();
    expect(screen.getByText("GRANT something TO panel")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Check now" }));
    expect(await screen.findByText("The server is checked, and all is well.")).toBeVisible();
    await waitFor(() => expect(screen.queryByText("The disk is full: make room.")).toBeNull());
  });

  it("U12: is put in maintenance with a reason", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      DatabaseServer: server(),
      SetDatabaseServerMaintenance: [{ errors: [{ message: "Say why.", extensions: { code: "INVALID", field: "reason" } }] }, { data: { setDatabaseServerMaintenance: { databaseServer: { id: "s1", maintenance: { reason: "new disks", since: "2026-01-01T00:00:00Z" } } } } }],
    });
    show(<ServerPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "Begin maintenance" }));
    const form = within(await screen.findByRole("dialog"));
    await user.click(form.getByRole("button", { name: "Begin maintenance" }));
    expect(await form.findByText("Say why.")).toBeVisible();
    await user.type(form.getByLabelText("Reason"), "new disks");
    await user.click(form.getByRole("button", { name: "Begin maintenance" }));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "SetDatabaseServerMaintenance").at(-1)?.variables).toEqual({ input: { id: "s1", enabled: true, reason: "new disks" } }));
  });

  it("U26: is removed only with its name typed", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ DatabaseServer: server(), RemoveDatabaseServer: { data: { removeDatabaseServer: { id: "s1" } } } });
    const { history } = show(<ServerPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "More actions" }));
    await user.click(await screen.findByRole("menuitem", { name: "Remove" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByRole("button", { name: "Remove" })).toBeDisabled();
    await user.type(dialog.getByLabelText("Type db-one to confirm"), "db-one");
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(history.location.pathname).toBe("/servers"));
  });

  it("U20: has its brake released after being told what comes of it", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ DatabaseServer: server({ driftBrake: "ON" }), ReleaseDriftBrake: { errors: [{ message: "The server is away.", extensions: { code: "UNAVAILABLE" } }] } });
    show(<ServerPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "Let repairs go on" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Let repairs go on" }));
    expect(await screen.findByText("The server is away.")).toBeVisible();
  });

  it("U12: sends only what was changed of it", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ DatabaseServer: server(), UpdateDatabaseServer: { data: { updateDatabaseServer: { databaseServer: { id: "s1", name: "db-1", reachable: true, problems: [] } } } } });
    show(<ServerPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "More actions" }));
    await user.click(await screen.findByRole("menuitem", { name: "Edit" }));
    const form = within(await screen.findByRole("dialog"));
    await user.clear(form.getByLabelText("Name"));
    await user.type(form.getByLabelText("Name"), "db-1");
    await user.click(form.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "UpdateDatabaseServer")?.variables).toEqual({ input: { id: "s1", name: "db-1", host: null, port: null, adminUser: null, adminPassword: null, sslMode: null } }));
  });

  it.each([
    ["UpdateDatabaseServer", "Save", { id: "s1", name: null, host: null, port: null, adminUser: null, adminPassword: null, sslMode: null }],
    ["RegisterDatabaseServer", "Register server", { name: "", host: "", port: 5432, adminUser: "", adminPassword: "", sslMode: null }],
  ])("shows as GraphQL of %s what would be sent, also before anything is typed", async (operation, submit, input) => {
    const user = userEvent.setup();
    const graph = graphOf({ DatabaseServers: listOf(), DatabaseServer: server(), [operation]: { errors: [{ message: "Not now.", extensions: { code: "CONFLICT" } }] } });
    if (operation === "UpdateDatabaseServer") {
      show(<ServerPage />, graph, at);
      await user.click(await screen.findByRole("button", { name: "More actions" }));
      await user.click(await screen.findByRole("menuitem", { name: "Edit" }));
    } else show(<ServersPage />, graph, { ...list, at: "/servers?new=true" });
    const form = within(await screen.findByRole("dialog"));
    await user.click(form.getByRole("button", { name: "Show GraphQL" }));
    const shown = await within(await screen.findByRole("dialog", { name: "The same by the API" })).findByText(/"input":/);
    expect(JSON.parse(shown.textContent)).toEqual({ input });
    await user.keyboard("{Escape}");
    await user.click(form.getByRole("button", { name: submit }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === operation)?.variables).toEqual({ input }));
  });

  it("U11: one that does not exist is not found", async () => {
    show(<ServerPage />, graphOf({ DatabaseServer: { data: { node: null } } }), at);
    expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
  });
});
