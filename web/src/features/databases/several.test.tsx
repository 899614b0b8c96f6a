import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { setLanguage } from "@/lib/text";
import { type Answer, everything, graphOf, impersonated, show, viewerOf } from "@/testing/render";
import { credentials, ordered, pageOf } from "@/testing/database";
import { DatabasesPage } from "./list";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

const row = (n: number, patch: object = {}) => ({ id: `db_${n}`, name: `shop${n}`, externalName: `c7_shop${n}`, state: "ACTIVE", sizeBytes: "1536", connections: 1, connectionLimit: 20, createdAt: "2026-11-01T10:00:00Z", host: "db.test", customer: { id: "cust_1", name: "Acme" }, ...patch });
const server = (id: string, patch: object = {}) => ({ id, name: id, host: "10.0.0.1", reachable: true, blocked: false, maintenance: null, ...patch });
const open = (answers: Record<string, unknown> = {}, at = "/databases", viewer = viewerOf(everything)) => {
  const graph = graphOf({
    Databases: { data: { databases: pageOf(row(1), row(2, { connections: null })) } }, FirstCustomers: { data: { customers: { nodes: [{ id: "cust_1" }, { id: "cust_2" }] } } },
    ChooseCustomer: { data: { customers: { nodes: [{ id: "cust_1", name: "Acme", email: "a@acme.test", state: "ACTIVE" }] } } }, ChosenCustomer: { data: { customer: { id: "cust_1", name: "Acme" } } }, DatabasePrefix: { data: { databases: { nodes: [] } } },
    ServersForDatabases: { data: { databaseServers: { nodes: [] } } }, JobLive: { data: { job: null } }, ...(answers as Record<string, Answer>),
  });
  const inputs = (name: string) => graph.sent.filter((s) => s.operationName === name && !(s.variables.input as { dryRun?: boolean }).dryRun).map(({ variables }) => variables.input);
  return { graph, inputs, user: userEvent.setup(), ...show(<DatabasesPage />, graph, { path: "/databases", at, viewer }) };
};
const tenant = viewerOf(["DATABASES_READ", "DATABASES_WRITE", "CUSTOMERS_READ"], { user: { ...viewerOf().user, role: null } });

describe("several databases at once", () => {
  const choose = async (action: string, answers: object = { ChangeDatabases: ordered("changeDatabases", { databases: [] }) }, only?: string) => {
    const shown = open({ ...answers });
    await shown.user.click(await screen.findByRole("checkbox", { name: only ?? "Select all" }));
    await shown.user.click(screen.getByRole("button", { name: action }));
    return { ...shown, dialog: within(await screen.findByRole("dialog")) };
  };
  it("are suspended for a reason that customers read", async () => {
    const { dialog, user, inputs } = await choose("Suspend");
    expect(dialog.getByText("Their logins are refused and sessions end. Nothing is removed.")).toBeVisible();
    await user.type(dialog.getByRole("textbox", { name: "Reason" }), " unpaid ");
    await user.click(dialog.getByRole("button", { name: "Suspend" }));
    expect(await screen.findByText("All are ordered.")).toBeVisible();
    expect(inputs("ChangeDatabases")).toEqual([{ action: "SUSPEND", ids: ["db_1", "db_2"], reason: "unpaid" }]);
  });
  it("are resumed without a reason", async () => {
    const { dialog, user, inputs } = await choose("Resume");
    expect(dialog.queryByRole("textbox")).not.toBeInTheDocument();
    await user.click(dialog.getByRole("button", { name: "Resume" }));
    await waitFor(() => expect(inputs("ChangeDatabases")).toEqual([{ action: "RESUME", ids: ["db_1", "db_2"] }]));
  });
  it("are deleted after a time that is chosen", async () => {
    const { dialog, user, inputs } = await choose("Delete");
    await user.click(dialog.getByRole("combobox", { name: "The data is dropped" }));
    await user.click(await screen.findByRole("option", { name: "At once" }));
    await user.type(dialog.getByRole("textbox", { name: "Type delete to confirm" }), "delete");
    await user.click(dialog.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(inputs("ChangeDatabases")).toEqual([{ action: "DELETE", ids: ["db_1", "db_2"], graceSeconds: 0 }]));
  });
  it("U12: say which of them cannot be", async () => {
    const { dialog, user } = await choose("Resume", { ChangeDatabases: { errors: [{ message: "shop2 is being deleted.", extensions: { code: "CONFLICT", field: "ids.1" } }] } });
    await user.click(dialog.getByRole("button", { name: "Resume" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("shop2 is being deleted.");
    expect(dialog.getAllByText("shop2 is being deleted.")).toHaveLength(1);
  });
  it.each([["en", "Suspend", /^Select shop1/, "Suspend 1 database"], ["de", "Sperren", /^shop1.* auswählen/, "1 Datenbank sperren"]] as const)("that are one are counted as one: %s", async (language, action, box, title) => {
    setLanguage(language);
    const { user } = open();
    await user.click(await screen.findByRole("checkbox", { name: box }));
    await user.click(screen.getByRole("button", { name: action }));
    expect(await screen.findByRole("dialog", { name: title })).toBeVisible();
    setLanguage("en");
  });
  it("are at most a hundred", async () => {
    const { user } = open({ Databases: { data: { databases: pageOf(...Array.from({ length: 101 }, (_, n) => row(n))) } } });
    await user.click(await screen.findByRole("checkbox", { name: "Select all" }));
    expect(await screen.findByText("At most 100 at once.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Delete" })).toBeDisabled();
  });
});

describe("a new database", () => {
  const ask = async (answers: object = {}, at?: string, viewer?: Parameters<typeof open>[2]) => {
    const shown = open({ CreateDatabase: ordered("createDatabase", { database: { id: "db_9", name: "shop", state: "PENDING" }, credentials }), ...answers }, at, viewer);
    await shown.user.click((await screen.findAllByRole("button", { name: "Create a database" }))[0]!);
    return { ...shown, dialog: within(await screen.findByRole("dialog", { name: "Create a database" })) };
  };
  it("has to belong to a customer", async () => {
    const { dialog } = await ask();
    expect(dialog.getByText("Choose whose it is to be.")).toBeVisible();
    expect(dialog.getByRole("button", { name: "Create a database" })).toBeDisabled();
  });
  it("is the only customer's where there is nothing to choose, and says what it is called there", async () => {
    const { dialog, user, inputs } = await ask({ FirstCustomers: { data: { customers: { nodes: [{ id: "cust_1" }] } } }, DatabasePrefix: { data: { databases: { nodes: [row(1)] } } } }, "/databases", tenant);
    expect(await dialog.findByText("On the server its name begins with c7_.")).toBeVisible();
    await user.type(dialog.getByRole("textbox", { name: /Name/ }), "shop");
    await user.clear(dialog.getByRole("textbox", { name: "Connections at once" }));
    await user.click(dialog.getByRole("button", { name: "Create a database" }));
    await waitFor(() => expect(inputs("CreateDatabase")).toEqual([{ customerId: "cust_1", serverId: null, name: "shop" }]));
    expect(dialog.queryByRole("combobox", { name: "Server" })).not.toBeInTheDocument();
  });
  it("is put on a server by staff, and on none that cannot take it", async () => {
    const { dialog, user, inputs } = await ask(
      { ServersForDatabases: { data: { databaseServers: { nodes: [server("pg-1"), server("pg-2", { maintenance: { reason: "x" } }), server("pg-3", { reachable: false }), server("pg-4", { blocked: true })] } } } },
      "/databases?customer=cust_1",
    );
    await user.click(dialog.getByRole("combobox", { name: "Server" }));
    for (const name of ["pg-2 (in maintenance)", "pg-3 (not reachable)", "pg-4 (cannot be used)"]) expect(await screen.findByRole("option", { name })).toHaveAttribute("data-combobox-disabled", "true");
    await user.click(screen.getByRole("option", { name: "pg-1 (10.0.0.1)" }));
    await user.type(dialog.getByRole("textbox", { name: /Name/ }), "shop");
    await user.click(dialog.getByRole("button", { name: "Create a database" }));
    await waitFor(() => expect(inputs("CreateDatabase")).toEqual([{ customerId: "cust_1", serverId: "pg-1", name: "shop", connectionLimit: 20 }]));
  });
  it.each([["connectionLimit", "textbox", "Connections at once"], ["customerId", "combobox", "Customer"], ["serverId", "combobox", "Server"]] as const)("U12: says beside it what is wrong with %s", async (field, role, name) => {
    const { dialog, user } = await ask({ CreateDatabase: { errors: [{ message: "Not like this.", extensions: { code: "INVALID", field } }] } }, "/databases?customer=cust_1", viewerOf([...everything]));
    await user.type(dialog.getByRole("textbox", { name: /Name/ }), "shop");
    await user.click(dialog.getByRole("button", { name: "Create a database" }));
    await waitFor(() => expect(dialog.getByRole(role, { name })).toHaveAccessibleDescription(/Not like this\./));
  });
  it("is not made by who acts as somebody else, since its password is shown to the user alone", async () => {
    const { dialog } = await ask({}, "/databases?customer=cust_1", impersonated);
    expect(dialog.getByText(/Passwords are shown to the user alone/)).toBeVisible();
    expect(dialog.getByRole("button", { name: "Create a database" })).toBeDisabled();
  });
  it("is not made by who cancels, and the focus is back", async () => {
    const { dialog, user, inputs } = await ask();
    await user.click(dialog.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.getAllByRole("button", { name: "Create a database" })[0]).toHaveFocus());
    expect(inputs("CreateDatabase")).toEqual([]);
  });
});

describe("the list", () => {
  it("U3: search, state and customer stand in the address, and the page begins anew", async () => {
    const { user, router, graph } = open({}, "/databases?after=x&sort=SIZE&desc=true");
    await user.type(await screen.findByRole("textbox", { name: "Search by name" }), "sh");
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "sh", sort: "SIZE", desc: true }));
    await user.click(screen.getByRole("combobox", { name: "State" }));
    await user.click(await screen.findByRole("option", { name: "Suspended" }));
    await user.click(await screen.findByRole("combobox", { name: "Customer" }));
    await user.click(await screen.findByRole("option", { name: "Acme" }));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "Databases").at(-1)?.variables).toMatchObject({ filter: { search: "sh", state: "SUSPENDED", customerId: "cust_1" }, order: { field: "SIZE", direction: "DESC" } }));
  });
  it.each([["/databases?state=FAILED", everything, "No database is like this. Change the filters."], ["/databases?customer=cust_1", everything, "This customer has no database yet."], ["/databases", ["DATABASES_READ"], "There is no database yet."]] as const)("U2: %s that is empty says what helps", async (at, permissions, said) => {
    open({ Databases: { data: { databases: pageOf() } } }, at, viewerOf([...permissions]));
    expect(await screen.findByText(said)).toBeVisible();
  });
  it("U9: exports all that the filters leave, with columns that are hidden", async () => {
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
    await waitFor(() => expect(saved).toHaveBeenCalledOnce());
    expect(String(saved.mock.calls[0]![2]).trim().split("\r\n").slice(1)).toEqual(['"shop1","ACTIVE","Acme","c7_shop1","db.test","1536","1","2026-11-01T10:00:00Z"', '"shop2","ACTIVE","Acme","c7_shop2","db.test","1536","","2026-11-01T10:00:00Z"']);
  });
  it("U9: shows connections to who chooses them, and a dash where they are not known", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Choose columns" }));
    for (const name of ["Connections", "Host", "Name on the server"]) await user.click(within(await screen.findByRole("menu")).getByRole("menuitemcheckbox", { name: name }));
    expect(await screen.findByRole("cell", { name: "1 / 20" })).toBeVisible();
    expect(screen.getByRole("cell", { name: "–" })).toBeVisible();
    expect(screen.getByRole("cell", { name: "c7_shop1" })).toBeVisible();
  });
});
