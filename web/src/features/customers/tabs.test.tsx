import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { setLanguage } from "@/lib/text";
import { everything, graphOf, type Answer, show, viewerOf } from "@/testing/render";
import { CustomerPage } from "./detail";
import { CustomersPage } from "./list";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const pageOf = (...nodes: object[]) => ({ nodes, totalCount: nodes.length, pageInfo });
const customer = (patch: object = {}) => ({ data: { customer: { id: "cust_1", name: "Acme", email: "a@acme.test", company: "Acme Ltd", country: "DE", state: "ACTIVE", suspendReason: null, createdAt: "2026-11-01T10:00:00Z", updatedAt: "2026-11-01T10:00:00Z", parent: null, quotas: [], databases: { totalCount: 0 }, children: { totalCount: 0 }, ...patch } } });
const child = (name: string) => ({ id: `cust_${name}`, name, email: `${name}@below.test`, state: "ACTIVE", createdAt: "2026-11-01T10:00:00Z" });
const database = (name: string) => ({ id: `db_${name}`, name, externalName: `c7_${name}`, state: "ACTIVE", sizeBytes: "1536", createdAt: "2026-11-01T10:00:00Z" });
const entry = (n: number, patch: object = {}) => ({ id: `e${n}`, at: "2026-11-01T10:00:00Z", action: `database.create${n}`, allowed: true, times: 1, ip: "203.0.113.5", objectId: "db_1", actor: { id: "u1", name: "Ada" }, impersonator: null, object: null, ...patch });
const below = (field: string, ...nodes: object[]) => ({ data: { customer: { id: "cust_1", [field]: pageOf(...nodes) } } });
const open = (tab: string, answers: Record<string, Answer | Answer[]>, patch: object = {}, viewer = viewerOf(everything)) => {
  const graph = graphOf({ CustomerDetail: customer(patch), PermissionsIn: { data: { viewer: { permissions: viewer.permissions } } }, JobsOf: { data: { jobs: pageOf() } }, ...answers });
  return { graph, ...show(<CustomerPage />, graph, { path: "/customers/$id", at: `/customers/cust_1?tab=${tab}`, viewer }) };
};
const cells = (row: HTMLElement | undefined) => within(row!).getAllByRole("cell").map(({ textContent }) => textContent);
const exported = async (user: ReturnType<typeof userEvent.setup>) => {
  const saved = vi.spyOn(files, "save").mockImplementation(() => {});
  await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
  await waitFor(() => expect(saved).toHaveBeenCalledOnce());
  return String(saved.mock.calls[0]![2]).trim().split("\r\n");
};
const failed = { errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-5" } }] };

describe("customers below", () => {
  it("are listed, each leads to its page, and are exported", async () => {
    const user = userEvent.setup();
    open("children", { CustomerChildren: below("children", child("one"), child("two")) });
    const [, first] = await screen.findAllByRole("row");
    expect(cells(first)).toEqual(["one", "Active", "one@below.test", expect.stringMatching(/ago/)]);
    expect(screen.getByRole("link", { name: "one" })).toHaveAttribute("href", "/customers/cust_one");
    expect((await exported(user))[2]).toBe('"two","ACTIVE","two@below.test","2026-11-01T10:00:00Z"');
  });
  it("U2: none says what makes a reseller, and the first is created below this one", async () => {
    const user = userEvent.setup();
    const { graph } = open("children", { CustomerChildren: below("children"), CreateCustomer: { data: { createCustomer: { customer: { id: "cust_9", name: "Neu", state: "ACTIVE" } } } }, ChosenCustomer: { data: { customer: { id: "cust_1", name: "Acme" } } }, ChooseCustomer: { data: { customers: { nodes: [] } } } });
    expect(await screen.findByText("No customer is below this one. Customers below make it a reseller.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Create a customer below" }));
    const drawer = within(await screen.findByRole("dialog"));
    await user.type(drawer.getByRole("textbox", { name: /Name/ }), "Neu");
    await user.type(drawer.getByRole("textbox", { name: /E-mail/ }), "neu@acme.test");
    await user.click(drawer.getByRole("button", { name: /Create a customer/ }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "CreateCustomer")?.variables.input).toMatchObject({ parentId: "cust_1", name: "Neu" }));
  });
  it("cannot be created below a customer that is archived", async () => {
    open("children", { CustomerChildren: below("children") }, { state: "ARCHIVED" });
    expect(await screen.findByText(/No customer is below this one/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Create a customer below" })).not.toBeInTheDocument();
    expect(screen.getByText(/it is kept for the records and cannot be changed/)).toBeVisible();
  });
});

describe("the databases of a customer", () => {
  it("are listed, lead to all of them, and are exported", async () => {
    const user = userEvent.setup();
    open("databases", { CustomerDatabases: below("databases", database("shop")) });
    const [, first] = await screen.findAllByRole("row");
    expect(cells(first)).toEqual(["shop", "Active", "c7_shop", "1.5 KiB", expect.stringMatching(/ago/)]);
    expect(screen.getByRole("link", { name: "Open in databases" })).toHaveAttribute("href", "/databases?customer=cust_1");
    expect((await exported(user))[1]).toBe('"shop","ACTIVE","c7_shop","1536","2026-11-01T10:00:00Z"');
  });
  it("U2: none says so", async () => {
    open("databases", { CustomerDatabases: below("databases") });
    expect(await screen.findByText("This customer has no database yet.")).toBeVisible();
  });
  it("U11: are not there once the customer is not", async () => {
    open("databases", { CustomerDatabases: { data: { customer: null } } });
    expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
  });
});

describe("what was done within a customer", () => {
  it("says who, also on whose behalf, and what was refused how often", async () => {
    const user = userEvent.setup();
    const { graph } = open("audit", { CustomerAudit: { data: { auditEvents: pageOf(entry(1, { impersonator: { id: "u9", name: "Grace" } }), entry(2, { allowed: false, times: 3, actor: null, ip: null, objectId: null })) } } });
    const [, first, second] = await screen.findAllByRole("row");
    expect(cells(first)).toEqual([expect.stringMatching(/ago/), "database.create1", "Ada (Grace)", "Done", "203.0.113.5", "–"]);
    expect(cells(second)).toEqual([expect.stringMatching(/ago/), "database.create2", "The panel", "Refused × 3", "–", "–"]);
    expect(graph.sent.find(({ operationName }) => operationName === "CustomerAudit")?.variables.filter).toEqual({ customerId: "cust_1" });
    expect((await exported(user))[2]).toBe('"2026-11-01T10:00:00Z","database.create2","The panel","refused","",""');
  });
  const object = { __typename: "Database", id: "db_1", name: "shop" };
  const whole = { ...entry(1, { action: "database.rotate", object }), __typename: "AuditEvent", userAgent: null, requestId: null, sessionId: null, apiTokenId: null, apiToken: null, customer: null, actor: { id: "u1", name: "Ada", email: "ada@example.com" }, before: null, after: { name: "shop" } };
  const rotated = { CustomerAudit: { data: { auditEvents: pageOf(entry(1, { action: "database.rotate", object })) } }, AuditEvent: { data: { node: whole } } };
  it("in words with the code below, to what by its name, and each opens its entry", async () => {
    const user = userEvent.setup();
    const { history } = open("audit", rotated);
    const [, first] = await screen.findAllByRole("row");
    expect(cells(first)).toEqual([expect.stringMatching(/ago/), "Rotate a passworddatabase.rotate", "Ada", "Done", "203.0.113.5", "shop"]);
    await user.click(screen.getByRole("button", { name: "Rotate a password" }));
    const details = within(await screen.findByRole("dialog", { name: "Entry of the audit log" }));
    expect(await details.findByRole("heading", { name: "Rotate a password" })).toBeVisible();
    expect(details.getByText("database.rotate")).toBeVisible();
    await user.click(details.getByRole("button", { name: "More of this action" }));
    await waitFor(() => expect(history.location.href).toBe("/audit?customer=cust_1&action=database.rotate"));
  });
  it("U3: an entry stands in the address, as a step that Back takes back, and gives the focus back", async () => {
    const user = userEvent.setup();
    const { history } = open("audit", rotated);
    const opener = await screen.findByRole("button", { name: "Rotate a password" });
    await user.click(opener);
    await screen.findByRole("dialog", { name: "Entry of the audit log" });
    expect(history.location.search).toBe("?tab=audit&event=e1");
    act(() => history.back());
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await waitFor(() => expect(opener).toHaveFocus());
    act(() => history.forward());
    await screen.findByRole("dialog", { name: "Entry of the audit log" });
    await user.keyboard("{Escape}");
    await waitFor(() => expect(history.location.search).toBe("?tab=audit"));
    await waitFor(() => expect(opener).toHaveFocus());
  });
  it("U3: a copied address opens the entry", async () => {
    const user = userEvent.setup();
    const { history } = open("audit&event=e1", rotated);
    expect(await within(await screen.findByRole("dialog", { name: "Entry of the audit log" })).findByRole("heading", { name: "Rotate a password" })).toBeVisible();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(history.location.search).toBe("?tab=audit"));
  });
  it("U2: nothing says so", async () => {
    open("audit", { CustomerAudit: { data: { auditEvents: pageOf() } } });
    expect(await screen.findByText("Nothing has been recorded for this customer yet.")).toBeVisible();
  });
});

it.each([["children", "CustomerChildren"], ["databases", "CustomerDatabases"], ["audit", "CustomerAudit"], ["jobs", "JobsOf"]])("U2: %s that cannot be read say so with the request", async (tab, operation) => {
  open(tab, { [operation]: failed });
  expect(await screen.findByText("Request r-5")).toBeVisible();
});

it.each([["children", "CustomerChildren", (nodes: object[], more: object) => ({ data: { customer: { id: "cust_1", children: { ...pageOf(...nodes), pageInfo: { ...pageInfo, ...more } } } } }), child("one")],
  ["members", "CustomerMembers", (nodes: object[], more: object) => ({ data: { customer: { id: "cust_1", memberships: { ...pageOf(...nodes), pageInfo: { ...pageInfo, ...more } } } } }), { role: "DEVELOPER", createdAt: "2026-11-01T10:00:00Z", user: { id: "u1", name: "bob", email: "bob@acme.test", totpEnabled: true, disabledAt: null } }],
  ["audit", "CustomerAudit", (nodes: object[], more: object) => ({ data: { auditEvents: { ...pageOf(...nodes), pageInfo: { ...pageInfo, ...more } } } }), entry(1)]] as const)("U3: the page of %s stands in the address and is sent", async (tab, operation, list, row) => {
  const user = userEvent.setup();
  const { graph, router } = open(tab, { [operation]: list([row], { hasNextPage: true, endCursor: "c9" }) });
  await user.click(await screen.findByRole("button", { name: "Next page" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ tab, after: "c9" }));
  await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === operation).at(-1)?.variables).toMatchObject({ first: 25, after: "c9" }));
});

it("U20: tabs are those that the viewer may see here, and its reseller stands above", async () => {
  open("overview", {}, { parent: { id: "cust_0", name: "Reseller" }, state: "SUSPENDED", suspendReason: "unpaid" }, viewerOf(["CUSTOMERS_READ", "DATABASES_READ"]));
  expect(await screen.findByText("The reason given: unpaid")).toBeVisible();
  expect(screen.getByText("This customer is suspended")).toBeVisible();
  expect(screen.getAllByRole("tab").map(({ textContent }) => textContent)).toEqual(["Overview", "Customers", "Databases"]);
  for (const link of screen.getAllByRole("link", { name: "Reseller" })) expect(link).toHaveAttribute("href", "/customers/cust_0");
});

it("U11: somebody else's customer is the page of what is not there", async () => {
  open("overview", { CustomerDetail: { data: { customer: null } } });
  expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
});

describe("the list of customers", () => {
  const row = { id: "cust_1", name: "Acme", email: "a@acme.test", company: null, country: null, state: "ACTIVE", createdAt: "2026-11-01T10:00:00Z", parent: null, quotas: [{ name: "DATABASES", used: "8", max: null }] };
  const list = (nodes: object[], at: string, viewer = viewerOf(everything)) => {
    const graph = graphOf({ Customers: { data: { customers: pageOf(...nodes) } } });
    return { graph, ...show(<CustomersPage />, graph, { path: "/customers", at, viewer }) };
  };
  it("U3: search, state, country and order stand in the address and are sent", async () => {
    const user = userEvent.setup();
    const { graph, router } = list([row], "/customers?after=x&sort=NAME&desc=true&country=DE");
    await user.type(await screen.findByRole("textbox", { name: "Search by name, address or company" }), "ac");
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "ac", sort: "NAME", desc: true, country: "DE" }));
    await user.click(screen.getByRole("combobox", { name: "State" }));
    await user.click(await screen.findByRole("option", { name: "Archived" }));
    expect(screen.getByRole("combobox", { name: "Country" })).toHaveValue("Germany");
    await waitFor(() => expect(graph.sent.at(-1)?.variables).toMatchObject({ filter: { search: "ac", state: "ARCHIVED", country: "DE" }, order: { field: "NAME", direction: "DESC" } }));
  });
  it.each([
    ["/customers", everything, "There is no customer yet. Create the first: databases belong to customers."], ["/customers", ["CUSTOMERS_READ"], "There is no customer yet."], ["/customers?state=ARCHIVED", everything, "No customer is like this. Change the filters."],
  ] as const)("U2: %s that is empty says what helps who may do it", async (at, permissions, said) => {
    list([], at, viewerOf([...permissions]));
    expect(await screen.findByText(said)).toBeVisible();
  });
  it("is German, with the countries' names in German", async () => {
    setLanguage("de");
    list([{ ...row, country: "DE", quotas: [{ name: "DATABASES", used: "1234", max: "5000" }] }], "/customers");
    expect(await screen.findByRole("cell", { name: "Deutschland" })).toBeVisible();
    expect(screen.getByRole("cell", { name: "1.234 von 5.000" })).toBeVisible();
    setLanguage("en");
  });
});
