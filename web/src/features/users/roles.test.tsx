import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, memberOf, permissionsIn, show, viewerOf } from "@/testing/render";
import { UsersPage } from "./list";
import { UserPage } from "./user";

const staff = viewerOf(["USERS_READ", "USERS_WRITE", "USERS_IMPERSONATE", "CUSTOMERS_READ"]);
const member = (n: number) => ({ role: "DEVELOPER", createdAt: "2026-01-01T00:00:00Z", customer: { id: `c${n}`, name: `Acme ${n}` } });
const userOf = (patch: object = {}) => ({ __typename: "User", id: "u1", name: "Grace", email: "grace@example.com", role: null, totpEnabled: true, disabledAt: null, createdAt: "2026-01-01T00:00:00Z", emailVerifiedAt: null, language: null, memberships: [member(1)], ...patch });
const listOf = (...nodes: object[]) => ({ data: { users: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const refused = (field: string, message: string) => ({ errors: [{ message, extensions: { code: "FORBIDDEN", field } }] });
const customers = { data: { customers: { nodes: [] }, customer: { id: "c1", name: "Acme 1" } } };
const page = (patch: object, answers: Parameters<typeof graphOf>[0] = {}, viewer = staff) => {
  const graph = graphOf({ User: { data: { node: userOf(patch), user: userOf(patch) } }, ...answers });
  return { graph, user: userEvent.setup(), ...show(<UserPage />, graph, { path: "/users/$id", at: "/users/u1", viewer }) };
};
const sent = (graph: ReturnType<typeof graphOf>, name: string) => graph.sent.filter(({ operationName }) => operationName === name).map(({ variables }) => variables.input);

describe("the role with the provider", () => {
  const answer = { SetProviderRole: { data: { setProviderRole: { user: { id: "u1", role: "SUPPORT" } } } } };
  const ask = async (patch: object, answers: Record<string, Answer | Answer[]>) => {
    const shown = page(patch, answers);
    await shown.user.click(within(await screen.findByRole("region", { name: "Role with the provider" })).getByRole("button", { name: "Change role" }));
    return { ...shown, dialog: within(await screen.findByRole("dialog", { name: "Role with the provider" })) };
  };
  it("is changed only to another one, after it is said when it holds", async () => {
    const { dialog, user, graph } = await ask({}, answer);
    expect(dialog.getByText("Choose another role first")).toBeVisible();
    expect(dialog.getByRole("button", { name: "Save" })).toBeDisabled();
    expect(dialog.getByText(/It holds within a second/)).toBeVisible();
    await user.click(dialog.getByRole("combobox", { name: "Role" }));
    await user.click((await screen.findAllByRole("option")).at(-1)!);
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("The role is changed.")).toBeVisible();
    expect(sent(graph, "SetProviderRole")).toEqual([{ userId: "u1", role: expect.stringMatching(/^[A-Z_]+$/) }]);
  });
  it("is taken away", async () => {
    const { dialog, user, graph } = await ask({ role: "SUPPORT" }, answer);
    await user.click(dialog.getByRole("combobox", { name: "Role" }));
    await user.click(await screen.findByRole("option", { name: "None" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent(graph, "SetProviderRole")).toEqual([{ userId: "u1", role: null }]));
  });
  it("U12: says beside it why it is not given", async () => {
    const { dialog, user } = await ask({ role: "SUPPORT" }, { SetProviderRole: refused("role", "You cannot give a role above yours.") });
    await user.click(dialog.getByRole("combobox", { name: "Role" }));
    await user.click(await screen.findByRole("option", { name: "None" }));
    await user.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(dialog.getByRole("combobox", { name: "Role" })).toHaveAccessibleDescription(/You cannot give a role above yours\./));
  });
});

describe("a role with a customer", () => {
  it("is changed and taken away only where one may", async () => {
    page({ memberships: [member(1), member(2)] }, { PermissionsIn: permissionsIn("c1", ["USERS_READ"], ["USERS_READ", "USERS_WRITE"]) }, memberOf(["USERS_READ", "USERS_WRITE"]));
    expect(await screen.findByRole("button", { name: "Remove from Acme 2" })).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("button", { name: /Acme 1/ })).not.toBeInTheDocument());
  });
  it("is taken away after a question, and U6 says with its code why not", async () => {
    const { user, graph } = page({}, { RemoveUserMembership: [{ errors: [{ message: "The last owner stays.", extensions: { code: "CONFLICT" } }] }, { data: { removeMember: { ok: true } } }] });
    await user.click(await screen.findByRole("button", { name: "Remove from Acme 1" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Remove from Acme 1" }));
    expect(dialog.getByText(/Grace sees nothing of Acme 1 any more/)).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    const toast = await screen.findByRole("alert");
    expect(toast).toHaveTextContent("The last owner stays.");
    expect(toast).toHaveTextContent("CONFLICT");
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    expect(await screen.findByText("The role is taken away.")).toBeVisible();
    expect(sent(graph, "RemoveUserMembership").at(-1)).toEqual({ userId: "u1", customerId: "c1" });
  });
  it("U12: says beside it why it is not changed", async () => {
    const { user } = page({}, { ChangeUserMembership: refused("role", "Only an owner gives that.") });
    await user.click(await screen.findByRole("button", { name: "Change role: Acme 1" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change role: Acme 1" }));
    await user.click(dialog.getByRole("combobox"));
    await user.click((await screen.findAllByRole("option"))[0]!);
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("Only an owner gives that.")).toBeVisible();
  });
  it("is not to be seen where there is none, and not to be changed by who may not", async () => {
    page({ memberships: [] });
    expect(await screen.findByText("No role with a customer that you may see.")).toBeVisible();
  });
});

describe("an account", () => {
  it("that is closed says since when, is opened again, and nobody acts as it", async () => {
    const { user, graph } = page({ disabledAt: "2026-02-01T00:00:00Z", language: "DE", emailVerifiedAt: "2026-01-02T00:00:00Z" }, { EnableUser: { data: { enableUser: { user: { id: "u1", disabledAt: null } } } } });
    expect(await screen.findByText("Nobody can act as a user whose account is closed.")).toBeVisible();
    expect(screen.getByRole("button", { name: "View as this user" })).toBeDisabled();
    expect(screen.getByText("Closed since")).toBeVisible();
    expect(screen.getByText("Deutsch")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Open account" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Open the account of Grace again?" }));
    await user.click(dialog.getByRole("button", { name: "Open account" }));
    expect(await screen.findByText("The account is open again.")).toBeVisible();
    expect(sent(graph, "EnableUser")).toEqual([{ id: "u1" }]);
  });
  it("of one's own is not closed and not acted as", async () => {
    page({ id: "u-me" });
    expect(await screen.findByText(/This is you/)).toBeVisible();
    expect(screen.queryByRole("button", { name: /Close account|View as/ })).not.toBeInTheDocument();
  });
  it("is German for who wants it", async () => {
    setLanguage("de");
    page({ totpEnabled: false });
    expect(await screen.findByRole("button", { name: "Konto schließen" })).toBeVisible();
    expect(screen.getByText("Nein")).toBeVisible();
    setLanguage("en");
  });
});

describe("the list of users", () => {
  const list = (nodes: object[], at = "/users") => {
    const graph = graphOf({ Users: listOf(...nodes), Invitations: { data: { invitations: { nodes: [], totalCount: 0 } } }, ChooseCustomer: customers, ChosenCustomer: customers });
    return { graph, user: userEvent.setup(), ...show(<UsersPage />, graph, { path: "/users", at, viewer: staff }) };
  };
  it("has the roles of each, and how many more there are", async () => {
    list([userOf({ role: "ADMIN", totpEnabled: false, disabledAt: "2026-02-01T00:00:00Z", memberships: [member(1), member(2), member(3), member(4)] })]);
    const row = within((await screen.findAllByRole("row"))[1]!);
    for (const words of ["Acme 1: Developer", "Acme 2: Developer", "2 more", "No", "Closed"]) expect(row.getByText(words)).toBeVisible();
    expect(row.queryByText("Acme 3: Developer")).not.toBeInTheDocument();
  });
  it("U9: exports all roles of each", async () => {
    const { user } = list([userOf({ memberships: [member(1), member(2), member(3)] })]);
    const saved = vi.spyOn(files, "save").mockImplementation(() => {});
    await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
    await waitFor(() => expect(saved).toHaveBeenCalledOnce());
    expect(String(saved.mock.calls[0]![2]).split("\r\n")[1]).toBe('"Grace","grace@example.com","Acme 1: Developer; Acme 2: Developer; Acme 3: Developer","yes","","2026-01-01T00:00:00Z"');
  });
  it.each([["/users", "Nobody is here yet. Invite the first."], ["/users?q=x", "Nobody is like this. Change the filters."]])("U2: %s that is empty says: %s", async (at, said) => {
    list([], at);
    expect(await screen.findByText(said)).toBeVisible();
  });
  it("U3: the customer that is chosen stands in the address", async () => {
    const { user, router } = list([userOf()], "/users?customer=c1&after=x");
    const select = await screen.findByRole("combobox", { name: "Customer" });
    await waitFor(() => expect(select).toHaveValue("Acme 1"));
    await user.clear(select);
    await user.click(screen.getByRole("link", { name: "Grace" }));
    expect(router.state.location.pathname).toBe("/users/u1");
  });
});
