import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { sessions } from "@/gql/session";
import { graphOf, memberOf, permissionsIn, show, viewerOf } from "@/testing/render";
import { UsersPage } from "./list";
import { UserPage } from "./user";

const staff = viewerOf(["USERS_READ", "USERS_WRITE", "USERS_IMPERSONATE", "CUSTOMERS_READ"]);
const row = { id: "u1", name: "Grace", email: "grace@example.com", role: null, totpEnabled: true, disabledAt: null, createdAt: "2026-01-01T00:00:00Z", memberships: [{ role: "DEVELOPER", customer: { id: "c1", name: "Acme" } }] };
const users = (...nodes: object[]) => ({ data: { users: { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }, totalCount: nodes.length } } });
const invitation = { id: "i1", email: "new@example.com", name: "Newcomer", providerRole: null, customerRole: "ADMIN", customer: { id: "c1", name: "Acme" }, invitedBy: { id: "u-me", name: "Ada" }, createdAt: "2026-01-01T00:00:00Z", expiresAt: "2026-01-04T00:00:00Z" };
const invitations = (...nodes: object[]) => ({ data: { invitations: { nodes, totalCount: nodes.length } } });
const customers = { data: { customers: { nodes: [{ id: "c1", name: "Acme" }] }, customer: { id: "c1", name: "Acme" } } };
const list = { path: "/users", viewer: staff };

describe("users", () => {
  it("U3: search and customer stand in the address and are sent", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ Users: users(row), Invitations: invitations(), ChooseCustomer: customers, ChosenCustomer: customers });
    const { history } = show(<UsersPage />, graph, { ...list, at: "/users?customer=c1" });
    const table = within(await screen.findByRole("region", { name: "Users" }));
    expect(table.getByRole("link", { name: "Grace" })).toHaveAttribute("href", "/users/u1");
    expect(table.getByText("Acme: Developer")).toBeVisible();
    await user.type(screen.getByLabelText("Search by name or address"), "gra");
    await waitFor(() => expect(history.location.search).toContain("q=gra"));
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "Users").at(-1)?.variables.filter).toEqual({ search: "gra", customerId: "c1" }));
  });

  it("U12: are invited to a customer, with what is wrong beside its field", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      Users: users(), Invitations: invitations(), ChooseCustomer: customers, ChosenCustomer: customers,
      InviteUser: [{ errors: [{ message: "This is no address.", extensions: { code: "INVALID", field: "email" } }] }, { data: { inviteUser: { invitation: { id: "i1", email: "new@example.com" } } } }],
    });
    show(<UsersPage />, graph, list);
    await user.click((await screen.findAllByRole("button", { name: "Invite a user" }))[0]!);
    const form = within(await screen.findByRole("dialog"));
    expect(form.getByRole("button", { name: "Send invitation" })).toBeDisabled();
    await user.type(form.getByLabelText("Full name"), "Newcomer");
    await user.type(form.getByLabelText("E-mail address"), "new");
    await user.click(form.getByRole("combobox", { name: "Customer" }));
    await user.click(await screen.findByRole("option", { name: "Acme" }));
    await user.click(form.getByRole("button", { name: "Send invitation" }));
    expect(await form.findByText("This is no address.")).toBeVisible();
    await waitFor(() => expect(form.getByLabelText("E-mail address")).toHaveFocus());
    await user.type(form.getByLabelText("E-mail address"), "@example.com");
    await user.click(form.getByRole("button", { name: "Send invitation" }));
    expect(await screen.findByText("An invitation is on its way to new@example.com.")).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "InviteUser").at(-1)?.variables).toEqual({ input: { email: "new@example.com", name: "Newcomer", language: null, customerId: "c1", customerRole: "DEVELOPER" } });
  });

  it("U12: are invited to the staff by staff", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ Users: users(row), Invitations: invitations(), ChooseCustomer: customers, InviteUser: { data: { inviteUser: { invitation: { id: "i1", email: "s@example.com" } } } } });
    show(<UsersPage />, graph, list);
    await user.click(await screen.findByRole("button", { name: "Invite a user" }));
    const form = within(await screen.findByRole("dialog"));
    await user.click(form.getByRole("radio", { name: "Staff of the provider" }));
    await user.type(form.getByLabelText("E-mail address"), "s@example.com");
    await user.click(form.getByRole("button", { name: "Send invitation" }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "InviteUser")?.variables).toEqual({ input: { email: "s@example.com", name: "", language: null, providerRole: "SUPPORT" } }));
  });

  it("U2: open invitations are listed and taken back; what failed says so", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      Users: users(row), Invitations: invitations(invitation), ChooseCustomer: customers,
      RevokeInvitation: [{ errors: [{ message: "x", extensions: { code: "NOT_FOUND" } }] }, { data: { revokeInvitation: { ok: true } } }],
    });
    show(<UsersPage />, graph, list);
    await user.click(await screen.findByRole("button", { name: "Take back the invitation of new@example.com" }));
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "Take back" }));
    expect(await screen.findByText("It is not there, or not yours.")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Take back" }));
    expect(await screen.findByText("The invitation is taken back.")).toBeVisible();
  });

  it("invitations are taken back only where one may", async () => {
    const other = { ...invitation, id: "i2", email: "other@example.com", customer: { id: "c2", name: "Zeta" } };
    const graph = graphOf({ Users: users(row), Invitations: invitations(invitation, other), ChooseCustomer: customers, PermissionsIn: permissionsIn("c1", ["USERS_READ"], ["USERS_READ", "USERS_WRITE"]) });
    show(<UsersPage />, graph, { ...list, viewer: memberOf(["USERS_READ", "USERS_WRITE"]) });
    expect(await screen.findByRole("button", { name: "Take back the invitation of other@example.com" })).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("button", { name: "Take back the invitation of new@example.com" })).not.toBeInTheDocument());
  });
});

const one = { __typename: "User", ...row, emailVerifiedAt: null, language: null, memberships: [{ role: "DEVELOPER", createdAt: "2026-01-01T00:00:00Z", customer: { id: "c1", name: "Acme" } }] };
const at = { path: "/users/$id", at: "/users/u1", viewer: staff };

describe("a user", () => {
  it("U21: is viewed as for a reason, and the tab then is that user", async () => {
    const user = userEvent.setup();
    const acted = vi.spyOn(sessions, "actAs").mockImplementation(() => {});
    const graph = graphOf({
      User: { data: { node: one } },
      Impersonate: [{ errors: [{ message: "10 to 500 characters.", extensions: { code: "INVALID", field: "reason" } }] }, { data: { impersonate: { accessToken: "as-grace", expiresAt: "2026-01-01T00:15:00Z" } } }],
    });
    const { history } = show(<UserPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "View as this user" }));
    const form = within(await screen.findByRole("dialog", { name: "View as Grace" }));
    await user.type(form.getByLabelText("Reason"), "short");
    await user.click(form.getByRole("button", { name: "View as this user" }));
    expect(await form.findByText("10 to 500 characters.")).toBeVisible();
    await waitFor(() => expect(form.getByLabelText("Reason")).toHaveFocus());
    await user.type(form.getByLabelText("Reason"), ", ticket 4711");
    await user.click(form.getByRole("button", { name: "View as this user" }));
    await waitFor(() => expect(acted).toHaveBeenCalledWith({ accessToken: "as-grace", expiresAt: Date.parse("2026-01-01T00:15:00Z") }));
    expect(history.location.pathname).toBe("/");
    expect(graph.sent.filter(({ operationName }) => operationName === "Impersonate").at(-1)?.variables).toEqual({ input: { userId: "u1", reason: "short, ticket 4711", minutes: 15 } });
  });

  it("U21: of the staff is never viewed as, and the page says why", async () => {
    show(<UserPage />, graphOf({ User: { data: { node: { ...one, role: "SUPPORT" } } } }), at);
    expect(await screen.findByRole("button", { name: "View as this user" })).toBeDisabled();
    expect(screen.getByText("Nobody can act as one of the provider's staff.")).toBeVisible();
  });

  it("U20: is closed only after being told what comes of it", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ User: { data: { node: one } }, DisableUser: { errors: [{ message: "The last owner stays.", extensions: { code: "CONFLICT" } }] } });
    show(<UserPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "Close account" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/ends within a second, API tokens too/)).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Close account" }));
    expect(await screen.findByText("The last owner stays.")).toBeVisible();
  });

  it("U20: gets another role with a customer, or none", async () => {
    const user = userEvent.setup();
    const graph = graphOf({ User: { data: { node: one } }, ChangeUserMembership: { data: { changeMembership: { membership: { role: "ADMIN" } } } }, RemoveUserMembership: { data: { removeMember: { ok: true } } } });
    show(<UserPage />, graph, at);
    await user.click(await screen.findByRole("button", { name: "Change role: Acme" }));
    const form = within(await screen.findByRole("dialog"));
    expect(form.getByRole("button", { name: "Save" })).toBeDisabled();
    await user.click(form.getByRole("combobox", { name: "Role" }));
    await user.click(await screen.findByRole("option", { name: "Administrator" }));
    await user.click(form.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(graph.sent.find(({ operationName }) => operationName === "ChangeUserMembership")?.variables).toEqual({ input: { userId: "u1", customerId: "c1", role: "ADMIN" } }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await user.click(screen.getByRole("button", { name: "Remove from Acme" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Remove" }));
    expect(await screen.findByText("The role is taken away.")).toBeVisible();
  });

  it("U11: who is not theirs is as one who does not exist", async () => {
    show(<UserPage />, graphOf({ User: { data: { node: null } } }), at);
    expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
  });
});
