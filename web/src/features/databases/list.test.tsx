import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { DatabasesPage } from "./list";

const events = vi.hoisted(() => ({ list: [] as object[] }));
vi.mock("@/gql/socket", () => ({
  listen: (_: unknown, __: unknown, listener: { next(data: unknown): void }) => {
    for (const jobProgress of events.list) listener.next({ jobProgress });
    return () => {};
  },
}));

const row = (n: number) => ({
  id: `db_${n}`, name: `shop${n}`, externalName: `c7_shop${n}`, state: "ACTIVE", sizeBytes: "1536", connections: 1, connectionLimit: 20, createdAt: "2026-11-01T10:00:00Z", host: "db.test",
  customer: { id: "cust_1", name: "Acme" },
});
const page = (...nodes: object[]) => ({ nodes, totalCount: nodes.length, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } });
const credentials = {
  host: "db.test", port: 5432, database: "c7_shop", username: "c7_shop", password: "s3cret-word",
  connectionStrings: [{ format: "URI", value: "postgresql://c7_shop:s3cret-word@db.test/c7_shop" }, { format: "PSQL", value: "psql -h db.test" }],
};
const step = (name: string, state: string, durationMs: number | null, error: string | null = null) => ({ name, state, attempt: 1, durationMs, error });
const job = (state: string, steps: object[], error: object | null = null) => ({ data: { job: { id: "job_1", kind: "database.create", state, percent: 50, waitingFor: null, finishedAt: "2026-11-26T10:00:00Z", steps, error } } });

const answers = {
  Databases: { data: { databases: page(row(1), row(2)) } },
  ChooseCustomer: { data: { customers: { nodes: [{ id: "cust_1", name: "Acme", email: "a@acme.test", state: "ACTIVE" }] } } },
  ChosenCustomer: { data: { customer: { id: "cust_1", name: "Acme" } } },
  DatabasePrefix: { data: { databases: { nodes: [row(1)] } } },
  ServersForDatabases: { data: { databaseServers: { nodes: [] } } },
};
const open = (more: object, viewer = viewerOf(everything), address = "/databases") => {
  const graph = graphOf({ ...answers, ...more });
  return { graph, ...show(<DatabasesPage />, graph, { path: "/databases", at: address, viewer }) };
};
const dryRun = (sent: { variables: Record<string, unknown> }) => (sent.variables.input as { dryRun?: boolean }).dryRun === true;
const created = (sent: { variables: Record<string, unknown> }) =>
  dryRun(sent)
    ? { data: { createDatabase: { preview: { steps: ["create-login", "create-database"], quotas: [{ name: "DATABASES", used: "3", max: "5", level: "NORMAL" }] }, database: null, credentials: null, job: null } } }
    : { data: { createDatabase: { preview: null, database: { id: "db_9", name: "shop", state: "PENDING" }, credentials, job: { id: "job_1" } } } };

async function fill() {
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Create a database" }));
  const drawer = await screen.findByRole("dialog", { name: "Create a database" });
  await user.click(within(drawer).getByRole("combobox", { name: "Customer" }));
  await user.click(await screen.findByRole("option", { name: "Acme" }));
  await user.type(within(drawer).getByRole("textbox", { name: /Name/ }), "shop");
  return { user, drawer };
}

it("U2: an empty list has a sentence and the button that creates the first", async () => {
  open({ Databases: { data: { databases: page() } } });
  expect(await screen.findByText(/There is no database yet/)).toBeInTheDocument();
  expect(screen.getAllByRole("button", { name: "Create a database" }).length).toBe(2);
});

it("U2: a list that cannot be read says so with its request, and is tried again", async () => {
  const user = userEvent.setup();
  open({ Databases: [{ errors: [{ message: "broken", extensions: { code: "INTERNAL", requestId: "req-7" } }] }, { data: { databases: page(row(1)) } }] });
  expect(await screen.findByText("Request req-7")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "shop1" })).toBeInTheDocument();
});

it("U3: the customer of the address is the list's filter", async () => {
  const { graph } = open({}, viewerOf(everything), "/databases?customer=cust_1&state=ACTIVE");
  await screen.findByRole("link", { name: "shop1" });
  expect(graph.sent.find(({ operationName }) => operationName === "Databases")?.variables.filter).toMatchObject({ customerId: "cust_1", state: "ACTIVE" });
});

it("U24, U25: creates a database, shows the steps with their times, and the password once", async () => {
  const { graph, router } = open({ CreateDatabase: created, JobLive: job("SUCCEEDED", [step("create-login", "DONE", 12), step("create-database", "DONE", 340)]) });
  const { user, drawer } = await fill();
  expect(await within(drawer).findByText("On the server it is called c7_shop.")).toBeInTheDocument();
  expect(await within(drawer).findByText("create-database")).toBeInTheDocument(); // of the preview
  expect(within(drawer).getByText("Databases: 3 of 5 afterwards")).toBeInTheDocument();
  await user.click(within(drawer).getByRole("button", { name: "Create a database" }));

  expect(await screen.findByText("s3cret-word")).toBeInTheDocument();
  expect(await screen.findByText("340 ms")).toBeInTheDocument();
  expect(screen.getByRole("tab", { name: "psql" })).toBeInTheDocument();
  await user.keyboard("{Escape}");
  expect(screen.getByText("s3cret-word")).toBeInTheDocument(); // nobody loses it by a key
  await user.click(screen.getByRole("button", { name: "I have saved it" }));
  await waitFor(() => expect(screen.queryByText("s3cret-word")).not.toBeInTheDocument());
  expect(router.state.location.pathname).toBe("/databases/db_9");
  const sent = graph.sent.filter((s) => s.operationName === "CreateDatabase" && !dryRun(s));
  expect(sent).toHaveLength(1);
  expect(sent[0]!.variables.input).toMatchObject({ customerId: "cust_1", name: "shop", connectionLimit: 20 });
  expect(sent[0]!.headers["idempotency-key"]).toBeTruthy();
});

it("U24: a step that fails tells why, and what was rolled back", async () => {
  open({
    CreateDatabase: created,
    JobLive: job("FAILED", [step("create-login", "UNDONE", 12), step("create-database", "FAILED", 80, "ERROR: no space (SQLSTATE 53100)")], { code: "UNAVAILABLE", message: "The disk is full.", retryable: true }),
  });
  const { user, drawer } = await fill();
  await user.click(within(drawer).getByRole("button", { name: "Create a database" }));
  expect(await screen.findByText(/SQLSTATE 53100/)).toBeInTheDocument();
  expect(screen.getByText(/The disk is full\. The step create-database failed\. Rolled back: create-login\./)).toBeInTheDocument();
  expect(screen.queryByText("s3cret-word")).not.toBeInTheDocument(); // of what there is not
});

it.each([["FAILED", "en", "Change and try again"], ["CANCELED", "de", "Ändern und noch einmal versuchen"]] as const)("an order that has %s is changed and sent again as another, with what was typed, in %s", async (state, language, again) => {
  const error = { code: "CONFLICT", message: "The name is taken.", retryable: false };
  const { graph } = open({ CreateDatabase: created, JobLive: [job(state, [step("create-login", "UNDONE", 12)], error), job("SUCCEEDED", [step("create-login", "DONE", 12)])] });
  const { user, drawer } = await fill();
  await user.click(within(drawer).getByRole("button", { name: "Create a database" }));
  await screen.findByRole("button", { name: "Change and try again" });
  act(() => setLanguage(language));
  const asked = graph.sent.length;
  await user.click(await screen.findByRole("button", { name: again }));
  expect(screen.queryByRole("button", { name: again })).not.toBeInTheDocument();
  expect(screen.queryByRole("link", { name: /Open the job|Auftrag öffnen/ })).not.toBeInTheDocument();
  const name = within(drawer).getByRole("textbox", { name: /^Name/ });
  expect(name).toHaveValue("shop");
  expect(within(drawer).getAllByRole("combobox")[0]).toHaveFocus();
  await waitFor(() => expect(graph.sent.slice(asked).filter(dryRun)).not.toHaveLength(0)); // it may be otherwise by now
  await user.clear(name);
  await user.type(name, "store");
  act(() => setLanguage("en"));
  await user.click(within(drawer).getByRole("button", { name: "Create a database" }));
  expect(await screen.findByText("s3cret-word")).toBeInTheDocument();
  const sent = graph.sent.filter((s) => s.operationName === "CreateDatabase" && !dryRun(s));
  expect(sent.map(({ variables }) => (variables.input as { name: string }).name)).toEqual(["shop", "store"]);
  expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBe(2);
});

it("U12: what the panel says of the name stands beside it, with the focus", async () => {
  open({ CreateDatabase: { errors: [{ message: "A database of that name is there.", extensions: { code: "CONFLICT", field: "name" } }] } });
  const { user, drawer } = await fill();
  await user.click(within(drawer).getByRole("button", { name: "Create a database" }));
  const name = within(drawer).getByRole("textbox", { name: /Name/ });
  await waitFor(() => expect(name).toHaveAccessibleDescription(/A database of that name is there/));
  await waitFor(() => expect(name).toHaveFocus());
});

it("changes several at once, and says which first", async () => {
  const { graph } = open({
    ChangeDatabases: (sent: { variables: Record<string, unknown> }) => ({ data: { changeDatabases: { preview: dryRun(sent) ? { steps: ["change-each"], quotas: [] } : null, databases: [], job: dryRun(sent) ? null : { id: "job_1" } } } }),
    JobLive: job("SUCCEEDED", [step("change-each", "DONE", 20)]),
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole("checkbox", { name: "Select all" }));
  await user.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog", { name: "Delete 2 databases" });
  expect(within(dialog).getByText("shop1")).toBeInTheDocument();
  expect(await within(dialog).findByText("change-each")).toBeInTheDocument();
  const go = within(dialog).getByRole("button", { name: "Delete" });
  expect(go).toBeDisabled();
  await user.type(within(dialog).getByRole("textbox", { name: "Type delete to confirm" }), "delete");
  await user.click(go);
  await waitFor(() => expect(graph.sent.some((s) => s.operationName === "ChangeDatabases" && !dryRun(s))).toBe(true));
  expect(graph.sent.findLast(({ operationName }) => operationName === "ChangeDatabases")?.variables.input).toMatchObject({ action: "DELETE", ids: ["db_1", "db_2"] });
});

it("who may only read has no buttons that change", async () => {
  open({}, viewerOf(["DATABASES_READ"], { user: { id: "u", name: "Bob", email: "b@b.test", role: null, totpEnabled: false } }));
  await screen.findByRole("link", { name: "shop1" });
  expect(screen.queryByRole("button", { name: "Create a database" })).not.toBeInTheDocument();
  expect(screen.queryByRole("checkbox", { name: "Select all" })).not.toBeInTheDocument();
});
