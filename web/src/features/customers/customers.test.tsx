import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import * as csv from "@/lib/csv";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { CustomerPage } from "./detail";
import { CustomersPage } from "./list";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

const quotas = [{ name: "DATABASES", used: "8", max: "10", level: "WARNING" }, { name: "DATABASE_BYTES", used: "966367642", max: "1073741824", level: "WARNING" }];
const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const page = (...nodes: object[]) => ({ nodes, totalCount: nodes.length, pageInfo });
const row = (name: string) => ({ id: `cust_${name}`, name, email: "a@acme.test", company: null, country: "DE", state: "ACTIVE", createdAt: "2026-11-01T10:00:00Z", parent: null, quotas });
const customer = (patch: object = {}) => ({ data: { customer: { ...row("Acme"), id: "cust_1", suspendReason: null, updatedAt: "2026-11-01T10:00:00Z", databases: { totalCount: 0 }, children: { totalCount: 0 }, ...patch } } });
const dryRun = (sent: { variables: Record<string, unknown> }) => (sent.variables.input as { dryRun?: boolean }).dryRun === true;
const member = (name: string) => ({ role: "DEVELOPER", createdAt: "2026-11-01T10:00:00Z", user: { id: `user_${name}`, name, email: `${name}@acme.test`, totpEnabled: true, disabledAt: null } });

const answers = {
  Customers: { data: { customers: page(row("Acme"), row("=HYPERLINK()")) } }, CustomerDetail: customer(), ChooseCustomer: { data: { customers: { nodes: [] } } },
  PermissionsIn: { data: { viewer: { permissions: everything } } },
  CustomerMembers: { data: { customer: { id: "cust_1", memberships: page(member("bob")) } } },
  Invitations: { data: { invitations: { totalCount: 1_235, nodes: [{ id: "inv_1", email: "new@acme.test", name: "New", providerRole: null, customerRole: "ADMIN", customer: { id: "cust_1", name: "Acme" }, createdAt: "2026-11-01T10:00:00Z", expiresAt: "2026-11-04T10:00:00Z", invitedBy: null }] } } },
  CustomerTokens: { data: { customer: { id: "cust_1", apiTokens: { totalCount: 4, nodes: [{ id: "tok_1", name: "deploy", prefix: "mpt_abc", permissions: ["DATABASES_READ"], objectIds: [], cidrs: ["10.0.0.0/8"], lastUsedAt: null, lastUsedIp: null, expiresAt: null, createdAt: "2026-11-01T10:00:00Z", user: null }] } } } },
};
const list = (more: object = {}, address = "/customers") => {
  const graph = graphOf({ ...answers, ...more });
  return { graph, ...show(<CustomersPage />, graph, { path: "/customers", at: address, viewer: viewerOf(everything) }) };
};
const detail = (more: object = {}, address = "/customers/cust_1") => {
  const graph = graphOf({ ...answers, ...more });
  return { graph, ...show(<CustomerPage />, graph, { path: "/customers/$id", at: address, viewer: viewerOf(everything) }) };
};

it("U19: creates a customer in a drawer of four fields, and goes to it", async () => {
  const user = userEvent.setup();
  const { graph, router } = list({ CreateCustomer: { data: { createCustomer: { customer: { id: "cust_9", name: "Neu", state: "ACTIVE" } } } } });
  await user.click(await screen.findByRole("button", { name: "Create a customer" }));
  const drawer = await screen.findByRole("dialog", { name: "Create a customer" });
  const fields = [...within(drawer).getAllByRole("textbox"), ...within(drawer).getAllByRole("combobox")];
  expect(fields).toHaveLength(4);
  await user.type(within(drawer).getByRole("textbox", { name: /Name/ }), "Neu");
  await user.type(within(drawer).getByRole("textbox", { name: /E-mail/ }), "neu@acme.test");
  await user.click(within(drawer).getByRole("button", { name: "Create a customer" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/customers/cust_9"));
  expect(graph.sent.find(({ operationName }) => operationName === "CreateCustomer")?.variables.input).toEqual({ name: "Neu", email: "neu@acme.test" });
});

it.each([[everything, true], [["CUSTOMERS_READ"], false]] as const)("U4: who comes to create one finds the drawer open if they may, once", async (permissions, opens) => {
  const graph = graphOf(answers);
  const { router } = show(<CustomersPage />, graph, { path: "/customers", at: "/customers?new=true", viewer: viewerOf([...permissions]) });
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  if (opens) expect(await screen.findByRole("dialog", { name: "Create a customer" })).toBeVisible();
  else expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
});

it("U12: what the panel says of the address stands beside it", async () => {
  const user = userEvent.setup();
  list({ CreateCustomer: { errors: [{ message: "That is no address.", extensions: { code: "INVALID", field: "email" } }] } });
  await user.click(await screen.findByRole("button", { name: "Create a customer" }));
  const drawer = await screen.findByRole("dialog", { name: "Create a customer" });
  await user.click(within(drawer).getByRole("button", { name: "Create a customer" }));
  const email = within(drawer).getByRole("textbox", { name: /E-mail/ });
  await waitFor(() => expect(email).toHaveAccessibleDescription(/That is no address/));
  await waitFor(() => expect(email).toHaveFocus());
});

it("U9: exports what the filters leave, and never a formula", async () => {
  const user = userEvent.setup();
  const saved = vi.spyOn(csv, "save").mockImplementation(() => {});
  const { graph } = list({}, "/customers?state=ACTIVE&country=DE");
  await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
  await waitFor(() => expect(saved).toHaveBeenCalled());
  expect(saved.mock.calls[0]![2]).toContain(`"'=HYPERLINK()"`);
  expect(graph.sent.findLast(({ operationName }) => operationName === "Customers")?.variables).toMatchObject({ first: 100, filter: { state: "ACTIVE", country: "DE" } });
});

it("U2: a list that cannot be read says so, with its request", async () => {
  list({ Customers: { errors: [{ message: "broken", extensions: { code: "INTERNAL", requestId: "req-9" } }] } });
  expect(await screen.findByText("Request req-9")).toBeInTheDocument();
});

it("U17: quota bars are amber from 70 % and red from 90 %, and say so in words", async () => {
  detail();
  const amber = await screen.findByRole("progressbar", { name: "Databases: 8 of 10 (80%), Getting full" });
  const red = screen.getByRole("progressbar", { name: /Database size: .*90%.*Almost full/ });
  expect(amber.closest("[data-quota]")).toHaveAttribute("data-level", "near");
  expect(red.closest("[data-quota]")).toHaveAttribute("data-level", "full");
});

it("U20: the tab stands in the address", async () => {
  const user = userEvent.setup();
  const { router } = detail();
  await user.click(await screen.findByRole("tab", { name: "Members" }));
  expect(router.state.location.search).toMatchObject({ tab: "members" });
  expect(await screen.findByText("bob@acme.test")).toBeInTheDocument();
});

it("U20: suspending shows the services that stop, and what the panel would do, first", async () => {
  const user = userEvent.setup();
  const { graph } = detail(
    {
      CustomerServices: { data: { customer: { id: "cust_1", quotas, databases: { nodes: [{ id: "db_1", name: "shop", state: "ACTIVE" }], totalCount: 12 }, children: { nodes: [], totalCount: 0 } } } },
      SuspendCustomer: (sent: { variables: Record<string, unknown> }) => ({ data: { suspendCustomer: dryRun(sent) ? { preview: { steps: ["suspend-services"], quotas: [] }, customer: null, job: null } : { preview: null, customer: { id: "cust_1", state: "ACTIVE", suspendReason: "unpaid" }, job: null } } }),
    },
    "/customers/cust_1?tab=settings",
  );
  await user.click(await screen.findByRole("button", { name: "Suspend" }));
  const dialog = await screen.findByRole("dialog", { name: "Suspend Acme" });
  expect(await within(dialog).findByText("8 services are affected")).toBeInTheDocument();
  expect(within(dialog).getByText("Databases: shop and 11 more")).toBeInTheDocument();
  await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "unpaid");
  expect(await within(dialog).findByText("suspend-services")).toBeInTheDocument();
  await user.click(within(dialog).getByRole("button", { name: "Suspend" }));
  expect(await screen.findByText("The customer is being suspended.")).toBeInTheDocument();
  expect(graph.sent.findLast(({ operationName }) => operationName === "SuspendCustomer")?.variables.input).toEqual({ id: "cust_1", reason: "unpaid" });
});

it("archives only by the typed name, and not while something is left", async () => {
  const user = userEvent.setup();
  detail({ ArchiveCustomer: { data: { archiveCustomer: { customer: { id: "cust_1", state: "ARCHIVED" } } } } }, "/customers/cust_1?tab=settings");
  await user.click(await screen.findByRole("button", { name: "Archive" }));
  const dialog = await screen.findByRole("dialog", { name: "Archive Acme" });
  expect(within(dialog).getByRole("button", { name: "Archive" })).toBeDisabled();
  await user.type(within(dialog).getByRole("textbox", { name: "Type Acme to confirm" }), "Acme");
  await user.click(within(dialog).getByRole("button", { name: "Archive" }));
  expect(await screen.findByText("The customer is archived.")).toBeInTheDocument();
});

it("says why a customer with databases cannot be archived", async () => {
  detail({ CustomerDetail: customer({ databases: { totalCount: 2 } }) }, "/customers/cust_1?tab=settings");
  expect(await screen.findByText(/It still has databases or customers below/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Archive" })).toBeDisabled();
});

it("what is half written stays while the customer changes otherwise, and what is not takes what there is", async () => {
  const user = userEvent.setup();
  let saved = {};
  detail({
    CustomerDetail: () => customer(saved),
    UpdateCustomer: () => {
      saved = { updatedAt: "2026-11-02T10:00:00Z", company: "Acme Ltd", quotas: [{ ...quotas[0], max: null }, quotas[1]] };
      return { data: { updateCustomer: customer(saved).data } };
    },
  }, "/customers/cust_1?tab=settings");
  const name = await screen.findByRole("textbox", { name: "Name" });
  await user.clear(name);
  await user.type(name, "Acme and Sons");
  await user.click(screen.getByRole("checkbox", { name: "Databases: no limit" }));
  await user.click(screen.getByRole("button", { name: "Save the limits" }));
  await waitFor(() => expect(screen.getByRole("textbox", { name: "Company" })).toHaveValue("Acme Ltd"));
  expect(screen.getByRole("textbox", { name: "Name" })).toHaveValue("Acme and Sons");
  expect(screen.getByRole("checkbox", { name: "Databases: no limit" })).toBeChecked();
});

it("sets limits, in GiB as people think of them", async () => {
  const user = userEvent.setup();
  const { graph } = detail({ UpdateCustomer: { data: { updateCustomer: customer().data } } }, "/customers/cust_1?tab=settings");
  await user.click(await screen.findByRole("checkbox", { name: "Databases: no limit" }));
  await user.click(screen.getByRole("button", { name: "Save the limits" }));
  expect(await screen.findByText("The limits are set.")).toBeInTheDocument();
  expect(graph.sent.find(({ operationName }) => operationName === "UpdateCustomer")?.variables.input).toEqual({ id: "cust_1", quotas: [{ name: "DATABASES", max: null }, { name: "DATABASE_BYTES", max: "1073741824" }] });
});

it("members: another role, an invitation, and its end; and the end of a token", async () => {
  const user = userEvent.setup();
  const { graph } = detail(
    {
      ChangeMembership: { errors: [{ message: "The last owner stays.", extensions: { code: "CONFLICT", field: "role" } }] },
      InviteMember: { data: { inviteUser: { invitation: { id: "inv_2", email: "eve@acme.test", expiresAt: "2026-11-29T10:00:00Z" } } } },
      RevokeInvitation: { data: { revokeInvitation: { ok: true } } }, RevokeApiToken: { data: { revokeApiToken: { apiToken: { id: "tok_1" } } } },
    },
    "/customers/cust_1?tab=members",
  );
  await user.click(await screen.findByRole("button", { name: "Change the role of bob" }));
  const role = await screen.findByRole("dialog", { name: "Change the role of bob" });
  expect(within(role).getByRole("button", { name: "Save" })).toBeDisabled();
  await user.click(within(role).getByRole("combobox", { name: "Role" }));
  await user.click(await screen.findByRole("option", { name: "Owner" }));
  await user.click(within(role).getByRole("button", { name: "Save" }));
  expect(await within(role).findByText("The last owner stays.")).toBeInTheDocument();
  await user.click(within(role).getByRole("button", { name: "Cancel" }));

  await user.click(screen.getByRole("button", { name: "Invite" }));
  const invite = await screen.findByRole("dialog", { name: "Invite to Acme" });
  await user.type(within(invite).getByRole("textbox", { name: /E-mail/ }), "eve@acme.test");
  await user.type(within(invite).getByRole("textbox", { name: /Name/ }), "Eve");
  await user.click(within(invite).getByRole("button", { name: "Send the invitation" }));
  expect(await screen.findByText("The invitation to eve@acme.test is on its way.")).toBeInTheDocument();
  expect(graph.sent.find(({ operationName }) => operationName === "InviteMember")?.variables.input).toEqual({ email: "eve@acme.test", name: "Eve", customerId: "cust_1", customerRole: "DEVELOPER" });

  expect(within(screen.getByRole("region", { name: "Open invitations" })).getByText("and 1,234 more")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Take back the invitation of new@acme.test" }));
  const sure = await screen.findByRole("dialog", { name: "Take back the invitation?" });
  expect(graph.sent.some(({ operationName }) => operationName === "RevokeInvitation")).toBe(false);
  await user.click(within(sure).getByRole("button", { name: "Take back" }));
  expect(await screen.findByText("The invitation is taken back.")).toBeInTheDocument();
  const tokens = within(screen.getByRole("region", { name: "API tokens" }));
  for (const said of ["See databases", "and 3 more", /only from 10\.0\.0\.0\/8/]) expect(tokens.getByText(said)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Revoke deploy" }));
  await user.click(within(await screen.findByRole("dialog", { name: "Revoke deploy" })).getByRole("button", { name: "Revoke" }));
  expect(await screen.findByText("The token is revoked.")).toBeInTheDocument();
});

it("U11: somebody else's customer is the page of what is not there", async () => {
  detail({ CustomerDetail: { data: { customer: null } } });
  expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeInTheDocument();
});
