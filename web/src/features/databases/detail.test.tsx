import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { DatabasePage } from "./detail";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

const database = (patch: object = {}) => ({
  data: {
    database: {
      id: "db_1", name: "shop", externalName: "c7_shop", username: "c7_shop", previousUsername: null, previousUntil: null, state: "ACTIVE", host: "db.test", port: 5432, accessCidrs: [], connectionLimit: 20, suspendReason: null,
      suspendedFromAbove: false, sizeBytes: "1536", connections: 3, overQuota: false, cleanupUntil: null, measuredAt: null, createdAt: "2026-11-01T10:00:00Z", updatedAt: "2026-11-01T10:00:00Z", deleteAfter: null, driftPolicy: "REPAIR",
      customer: { id: "cust_1", name: "Acme", state: "ACTIVE" }, server: { id: "srv_1", name: "pg-1", capabilities: [{ name: "remote_access", available: true, hint: null }] },
      connectionStrings: [{ format: "URI", value: "postgresql://c7_shop@db.test/c7_shop" }, { format: "JDBC", value: "jdbc:postgresql://db.test/c7_shop" }], ...patch,
    },
  },
});
const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const none = { nodes: [], totalCount: 0, pageInfo };
const credentials = { host: "db.test", port: 5432, database: "c7_shop", username: "c7_shop", password: "n3w-word", connectionStrings: [{ format: "URI", value: "postgresql://c7_shop:n3w-word@db.test/c7_shop" }] };
const preview = { steps: ["set-password"], quotas: [] };
const dryRun = (sent: { variables: Record<string, unknown> }) => (sent.variables.input as { dryRun?: boolean }).dryRun === true;
const job = { data: { job: { id: "job_1", kind: "database.job", state: "SUCCEEDED", percent: 100, waitingFor: null, finishedAt: "2026-11-26T10:00:00Z", steps: [], error: null } } };
const answers = {
  DatabaseDetail: database(), PermissionsIn: { data: { viewer: { permissions: ["DATABASES_READ", "DATABASES_WRITE", "JOBS_READ"] } } }, JobLive: job,
  DatabaseUsers: { data: { database: { id: "db_1", users: none } } }, DatabaseDumps: { data: { database: { id: "db_1", dumps: none } } }, JobsOf: { data: { jobs: none } },
};
const open = (more: object = {}, address = "/databases/db_1", viewer = viewerOf(everything)) => {
  const graph = graphOf({ ...answers, ...more });
  return { graph, ...show(<DatabasePage />, graph, { path: "/databases/$id", at: address, viewer }) };
};

it("U3: the tab stands in the address, and the address opens it", async () => {
  const user = userEvent.setup();
  const { router } = open();
  await user.click(await screen.findByRole("tab", { name: "Dumps" }));
  expect(router.state.location.search).toMatchObject({ tab: "dumps" });
  expect(await screen.findByText(/There is no dump of this database/)).toBeInTheDocument();
});

it("U11: somebody else's database is the page of what is not there", async () => {
  open({ DatabaseDetail: { data: { database: null } } });
  expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeInTheDocument();
});

it("U25: connection strings stand in tabs by kind, each to be copied", async () => {
  const user = userEvent.setup();
  open();
  expect(await screen.findByText("postgresql://c7_shop@db.test/c7_shop")).toBeInTheDocument();
  await user.click(screen.getByRole("tab", { name: "JDBC" }));
  expect(await screen.findByText("jdbc:postgresql://db.test/c7_shop")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Copy JDBC" })).toBeInTheDocument();
});

it("U25: rotating the password says what happens, and shows the new one once", async () => {
  const user = userEvent.setup();
  const { graph } = open(
    { RotateDatabasePassword: (sent: { variables: Record<string, unknown> }) => ({ data: { rotateDatabasePassword: dryRun(sent) ? { preview, database: { id: "db_1" }, credentials: null, job: null } : { preview: null, database: { id: "db_1" }, credentials, job: { id: "job_1" } } } }) },
    "/databases/db_1?tab=settings",
  );
  await user.click(await screen.findByRole("button", { name: "Rotate the password" }));
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText("set-password")).toBeInTheDocument();
  await user.click(within(dialog).getByRole("button", { name: "Rotate the password" }));
  expect(await screen.findByText("n3w-word")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "I have saved it" }));
  await waitFor(() => expect(screen.queryByText("n3w-word")).not.toBeInTheDocument());
  expect(graph.sent.findLast(({ operationName }) => operationName === "RotateDatabasePassword")?.variables.input).toEqual({ id: "db_1", graceSeconds: 0 });
});

it("U26: deleting needs the name, and offers an export first that ends in a link with its end", async () => {
  const user = userEvent.setup();
  const { graph } = open(
    {
      ExportDatabase: { data: { exportDatabase: { preview: null, dump: { id: "dump_1", state: "PENDING" }, job: { id: "job_1" } } } },
      CreateDatabaseDumpUrl: { data: { createDatabaseDumpUrl: { url: "https://panel.test/dumps/once", expiresAt: "2026-11-26T10:15:00Z" } } },
      DeleteDatabase: (sent: { variables: Record<string, unknown> }) => ({ data: { deleteDatabase: { preview: dryRun(sent) ? preview : null, database: null, job: dryRun(sent) ? null : { id: "job_1" } } } }),
    },
    "/databases/db_1?tab=settings",
  );
  await user.click(await screen.findByRole("button", { name: "Delete the database" }));
  const dialog = await screen.findByRole("dialog", { name: "Delete shop" });
  const go = within(dialog).getByRole("button", { name: "Delete the database" });
  expect(go).toBeDisabled();
  await user.click(within(dialog).getByRole("button", { name: "Export first" }));
  await user.click(await within(dialog).findByRole("button", { name: "Export" }));
  await user.click(await within(dialog).findByRole("button", { name: "Make a download link" }));
  expect(await within(dialog).findByRole("link", { name: "Download the dump" })).toHaveAttribute("href", "https://panel.test/dumps/once");
  expect(within(dialog).getByText(/Works once, until/)).toBeInTheDocument();

  await user.type(within(dialog).getByRole("textbox", { name: "Type shop to confirm" }), "shop");
  await waitFor(() => expect(go).toBeEnabled());
  await user.click(go);
  await waitFor(() => expect(graph.sent.some((s) => s.operationName === "DeleteDatabase" && !dryRun(s))).toBe(true));
});

it("U26: what is being deleted says until when it can be taken back, and is taken back", async () => {
  const user = userEvent.setup();
  const until = new Date(Date.now() + 3 * 86_400_000 + 60_000).toISOString();
  const { graph } = open({ DatabaseDetail: database({ state: "DELETING", deleteAfter: until }), RestoreDatabase: { data: { restoreDatabase: { database: { id: "db_1", state: "DELETING", deleteAfter: null }, job: { id: "job_1" } } } } });
  expect(await screen.findByText(/Its data is dropped in 3 days/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Take the deletion back" }));
  expect(await screen.findByText("The deletion is taken back.")).toBeInTheDocument();
  expect(graph.sent.find(({ operationName }) => operationName === "RestoreDatabase")?.variables.input).toEqual({ id: "db_1" });
});

it("says why it is suspended, and that the customer cannot lift it", async () => {
  open({ DatabaseDetail: database({ state: "SUSPENDED", suspendReason: "abuse", suspendedFromAbove: true }) });
  expect(await screen.findByText(/The reason given: “abuse” The provider suspended it/)).toBeInTheDocument();
});

it("U12: a network that the panel refuses is said beside the field", async () => {
  const user = userEvent.setup();
  open({ SetDatabaseAccess: { errors: [{ message: "It has bits beyond its length.", extensions: { code: "INVALID", field: "cidrs.0" } }] } }, "/databases/db_1?tab=settings");
  const field = await screen.findByRole("combobox", { name: "Networks" });
  await user.type(field, "10.0.0.1/8{Enter}");
  await user.click(within(screen.getByRole("region", { name: "Network access" })).getByRole("button", { name: "Save" }));
  expect(await screen.findByText("It has bits beyond its length.")).toBeInTheDocument();
});

it("adds a user with rights, and shows the password once", async () => {
  const user = userEvent.setup();
  const { graph } = open({ CreateDatabaseUser: { data: { createDatabaseUser: { preview: null, databaseUser: { id: "du_1", name: "reports", state: "PENDING" }, credentials, job: { id: "job_1" } } } } }, "/databases/db_1?tab=users");
  await user.click(await screen.findByRole("button", { name: "Add a user" }));
  const drawer = await screen.findByRole("dialog", { name: "Add a user" });
  await user.type(within(drawer).getByRole("textbox", { name: /Name/ }), "reports");
  await user.click(within(drawer).getByRole("radio", { name: /Reads and writes/ }));
  await user.click(within(drawer).getByRole("button", { name: "Add a user" }));
  expect(await screen.findByText("n3w-word")).toBeInTheDocument();
  expect(graph.sent.find(({ operationName }) => operationName === "CreateDatabaseUser")?.variables.input).toEqual({ databaseId: "db_1", name: "reports", rights: "READ_WRITE", connectionLimit: 20, statementTimeoutSeconds: 0 });
});

it("what could not be read says so, and is tried again", async () => {
  open({ DatabaseDetail: { errors: [{ message: "away", extensions: { code: "UNAVAILABLE", requestId: "req-3" } }] } });
  expect(await screen.findByText("Request req-3")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Try again" })).toBeInTheDocument();
});
