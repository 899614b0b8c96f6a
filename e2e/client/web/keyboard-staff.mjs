import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { memberOf, user } from "../users.mjs";
import { customerOf, databaseOf, overOf, strayRole, surveyTwice } from "./parts.mjs";

/** The administrator with a keyboard alone at a page of the app, and what the dialog in front of it is. */
async function at(person, signIn, to, who = {}) {
  const page = await (await person({ acceptDownloads: true })).newPage();
  const by = await keyboardOf(page);
  await signIn(page, { to, ...who });
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  return { page, by, dialog: (name) => page.getByRole("dialog", { name }), told: (text) => page.getByText(text).first().waitFor() };
}

/** Waits until a dialog is gone, and what opened it has the focus again. */
async function back(by, dialog, role, name) {
  await dialog.waitFor({ state: "detached" });
  await by.has(role, name);
}

/** Opens a menu and takes an item of it. */
async function take(page, by, menu, item) {
  await by.press("button", menu);
  await page.locator("[role=menu]:focus, [role=menu] :focus").waitFor({ state: "attached" });
  await by.press("menuitem", item, { by: "ArrowDown" });
}

export const tests = {
  "by keyboard: a customer's profile and limits are changed, and it is archived": async ({ person, signIn, graph }) => {
    const id = await customerOf(graph, "Changed");
    const { page, by, dialog, told } = await at(person, signIn, `/customers/${id}?tab=settings`);
    const read = async () => (await graph("query ($id: ID!) { customer(id: $id) { name company country state quotas { name max } } }", { id })).customer;
    const profile = page.getByRole("region", { name: "Profile" });
    await by.write("Name", "Changed & Sons", { within: profile });
    await by.write("Company", "Sons Ltd", { within: profile });
    await by.press("button", "Save", { within: profile });
    await told("The customer is changed.");
    const { name, company } = await read();
    assert.deepEqual([name, company], ["Changed & Sons", "Sons Ltd"]);

    const limits = page.getByRole("region", { name: "Limits" });
    const without = limits.getByRole("checkbox", { name: "Databases: no limit" });
    await by.to("checkbox", "Databases: no limit", { within: limits });
    if (await without.isChecked()) await by.keys("Space");
    await by.write("Databases", "4", { within: limits, by: "Shift+Tab" });
    await by.press("button", "Save the limits", { within: limits });
    await told("The limits are set.");
    assert.equal((await read()).quotas.find((quota) => quota.name === "DATABASES").max, "4");

    await by.press("button", "Archive");
    const archive = dialog("Archive Changed & Sons");
    await by.keys("Escape");
    await back(by, archive, "button", "Archive");
    await by.keys("Enter");
    await by.write("Type Changed & Sons to confirm", "Changed & Sons", { within: archive });
    await by.press("button", "Archive", { within: archive });
    await archive.waitFor({ state: "detached" });
    await told("it is kept for the records");
    await by.somewhere();
    assert.equal((await read()).state, "ARCHIVED");
  },

  "by keyboard: a member is invited, changed and removed": async ({ person, signIn, graph, url }) => {
    const id = await customerOf(graph, "Membered");
    await memberOf(graph, url, id, "kept@example.com", "DEVELOPER");
    const { page, by, dialog } = await at(person, signIn, `/customers/${id}?tab=members`);
    const read = async () => (await graph("query ($id: ID!) { customer(id: $id) { memberships(first: 10) { nodes { role user { email } } } } }", { id })).customer.memberships.nodes.map((m) => `${m.user.email} ${m.role}`);
    await by.press("button", "Invite");
    const invite = dialog("Invite to Membered");
    await by.has("textbox", "E-mail address", { within: invite, exact: false });
    await by.type("invited@example.com");
    await by.to("textbox", /^Name/, { within: invite });
    await by.type("Invited");
    await by.press("button", "Send the invitation", { within: invite });
    await back(by, invite, "button", "Invite");
    const { invitations } = await graph("{ invitations(first: 10) { nodes { email } } }");
    assert.ok(invitations.nodes.some(({ email }) => email === "invited@example.com"));

    await by.press("button", "Change the role of Member kept");
    const change = dialog("Change the role of Member kept");
    await by.choose("Role", "Read only", { within: change });
    await by.press("button", "Save", { within: change });
    await back(by, change, "button", "Change the role of Member kept");
    assert.deepEqual(await read(), ["kept@example.com READ_ONLY"]);

    await by.press("button", "Remove Member kept");
    const remove = dialog("Remove Member kept");
    await by.press("button", "Remove", { within: remove });
    await remove.waitFor({ state: "detached" });
    await page.getByText("Nobody has a role in this customer").waitFor();
    await by.somewhere();
    assert.deepEqual(await read(), []);
  },

  "by keyboard: an invitation is taken back; a role with a customer is changed and taken away on the user's page": async ({ person, signIn, graph, url }) => {
    const customer = await customerOf(graph, "Belonging");
    await memberOf(graph, url, customer, "belongs@example.com", "DEVELOPER");
    await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email: "unwanted@example.com", name: "Unwanted", customerId: customer, customerRole: "OWNER", language: "EN" } });
    const { page, by, dialog, told } = await at(person, signIn, `/users?customer=${customer}`);
    const invitations = async () => (await graph("query ($id: ID) { invitations(first: 10, filter: { customerId: $id }) { nodes { email } } }", { id: customer })).invitations.nodes;
    await by.press("button", "Take back the invitation of unwanted@example.com");
    const take = dialog("Take back the invitation?");
    await take.waitFor();
    await by.keys("Escape");
    await back(by, take, "button", "Take back the invitation of unwanted@example.com");
    assert.deepEqual(await invitations(), [{ email: "unwanted@example.com" }]);
    await by.keys("Enter");
    await by.press("button", "Take back", { within: take });
    await told("The invitation is taken back.");
    await page.getByText("No invitation is open.").waitFor();
    await back(by, take, "region", "Open invitations"); // what it stood in
    assert.deepEqual(await invitations(), []);

    await by.press("link", "Member belongs", { by: "Shift+Tab" });
    await page.getByRole("heading", { level: 1, name: "Member belongs" }).waitFor();
    const { users } = await graph("{ users(first: 1, filter: { search: \"belongs@example.com\" }) { nodes { id } } }");
    const roles = async () => {
      const { memberships } = (await graph("query ($id: ID!) { node(id: $id) { ... on User { memberships { role customer { name } } } } }", { id: users.nodes[0].id })).node;
      return memberships.map((m) => `${m.customer.name} ${m.role}`);
    };
    assert.deepEqual(await roles(), ["Belonging DEVELOPER"]);
    await by.press("button", "Change role: Belonging");
    const change = dialog("Change role: Belonging");
    await by.choose("Role", "Billing", { within: change });
    await by.press("button", "Save", { within: change });
    await back(by, change, "button", "Change role: Belonging");
    assert.deepEqual(await roles(), ["Belonging BILLING"]);
    await by.press("button", "Remove from Belonging");
    const remove = dialog("Remove from Belonging");
    await by.press("button", "Remove", { within: remove });
    await told("The role is taken away.");
    await page.getByText("No role with a customer that you may see.").waitFor();
    await back(by, remove, "region", "Roles with customers");
    assert.deepEqual(await roles(), []);
  },

  "by keyboard: a user's role is changed, the account is closed and opened again": async ({ person, signIn, graph, url }) => {
    await user(graph, url, { email: "staff@example.com", name: "Staff", password: "canary of the house" });
    const { users } = await graph("{ users(first: 10, filter: { search: \"staff@example.com\" }) { nodes { id } } }");
    const { id } = users.nodes[0];
    const { page, by, dialog, told } = await at(person, signIn, `/users/${id}`);
    const read = async () => (await graph("query ($id: ID!) { node(id: $id) { ... on User { role disabledAt } } }", { id })).node;
    await by.press("button", "Change role");
    const change = dialog("Role with the provider");
    await by.choose("Role", "Billing", { within: change });
    await by.press("button", "Save", { within: change });
    await back(by, change, "button", "Change role");
    assert.equal((await read()).role, "BILLING");

    await by.press("button", "Close account", { by: "Shift+Tab" });
    const close = dialog("Close the account of Staff?");
    await by.press("button", "Close account", { within: close });
    await told("The account is closed.");
    await close.waitFor({ state: "detached" });
    await by.has("button", "Open account");
    assert.ok((await read()).disabledAt);
    await by.keys("Enter");
    const open = dialog("Open the account of Staff again?");
    await by.press("button", "Open account", { within: open });
    await back(by, open, "button", "Close account");
    assert.equal((await read()).disabledAt, null);
  },

  "by keyboard: a server is changed, in maintenance and removed": async ({ person, signIn, graph, forgive }) => {
    const { registerDatabaseServer } = await graph("mutation ($input: RegisterDatabaseServerInput!) { registerDatabaseServer(input: $input) { databaseServer { id } } }", { input: { name: "far", host: "127.0.0.1", port: 1, adminUser: "nobody", adminPassword: "canary of a server" } });
    const { id } = registerDatabaseServer.databaseServer;
    const { page, by, dialog, told } = await at(person, signIn, `/servers/${id}`);
    const read = async () => (await graph("query ($id: ID!) { node(id: $id) { ... on DatabaseServer { name maintenance { reason } } } }", { id })).node;
    await take(page, by, "More actions", "Edit");
    const edit = dialog("Edit");
    await by.write("Name", "farther", { within: edit });
    await by.press("button", "Save", { within: edit });
    await back(by, edit, "button", "More actions");
    assert.equal((await read()).name, "farther");

    await by.press("button", "Begin maintenance");
    const begin = dialog("Begin maintenance");
    await by.has("textbox", "Reason", { within: begin });
    await by.type("A new disk");
    await by.keys("Enter");
    await begin.waitFor({ state: "detached" });
    await by.has("button", "End maintenance");
    assert.equal((await read()).maintenance.reason, "A new disk");
    await by.keys("Enter");
    const end = dialog("End maintenance");
    await by.press("button", "End maintenance", { within: end });
    await back(by, end, "button", "Begin maintenance");
    assert.equal((await read()).maintenance, null);

    await take(page, by, "More actions", "Remove");
    const remove = dialog("Remove farther?");
    await by.write("Type farther to confirm", "farther", { within: remove });
    await by.keys("Enter");
    await told("The server is removed.");
    await page.waitForURL(/\/servers$/);
    assert.equal(await read(), null);
    forgive(/NOT_FOUND/);
  },

  "by keyboard: a database's networks and its drift policy are set, several are suspended, and a dump is deleted": async ({ person, signIn, graph, step }) => {
    const customer = await customerOf(graph, "Several");
    const [{ id }, other] = [await databaseOf(graph, customer, "one"), await databaseOf(graph, customer, "two")];
    const { exportDatabase } = await graph("mutation ($input: ExportDatabaseInput!) { exportDatabase(input: $input) { job { id } } }", { input: { id } });
    await overOf(graph, exportDatabase.job.id);
    const { page, by, dialog, told } = await at(person, signIn, `/databases/${id}?tab=settings`);
    const read = async (of = id) => (await graph("query ($id: ID!) { database(id: $id) { state accessCidrs driftPolicy dumps(first: 5) { nodes { id } } } }", { id: of })).database;
    const access = page.getByRole("region", { name: "Network access" });
    const networks = access.getByRole("combobox", { name: "Networks" });
    await networks.or(access.getByRole("alert")).waitFor(); // which says why there are none
    assert.deepEqual([await networks.count(), await access.getByRole("alert").count()], [1, 0], "this server takes networks");
    await by.to("combobox", "Networks", { within: access });
    await by.type("203.0.113.0/24");
    await by.keys("Enter");
    await by.press("button", "Save", { within: access });
    await access.getByText("Succeeded", { exact: true }).waitFor();
    await by.somewhere();
    assert.deepEqual((await read()).accessCidrs, ["203.0.113.0/24"]);
    step("networks");
    const drift = page.getByRole("region", { name: "Drift" });
    await by.choose("When it drifts", "Report", { within: drift });
    await by.press("button", "Save", { within: drift });
    await told("The policy is set.");
    await by.somewhere();
    assert.equal((await read()).driftPolicy, "REPORT");
    step("drift policy");

    await by.to("tab", "Settings", { by: "Shift+Tab" });
    await by.keys("ArrowLeft", "ArrowLeft");
    await by.has("tab", "Dumps");
    await by.press("button", "Remove the dump");
    const remove = dialog("Remove the dump");
    await by.press("button", "Remove the dump", { within: remove });
    await remove.waitFor({ state: "detached" });
    await page.getByText("There is no dump of this database").waitFor();
    await by.somewhere();
    assert.deepEqual((await read()).dumps.nodes, []);
    step("a dump");

    await by.keys("g", "d");
    await page.getByRole("heading", { level: 1, name: "Databases" }).waitFor();
    for (const name of ["one", "two"]) await by.press("checkbox", `Select ${name}`, { key: "Space", by: name === "one" ? "Tab" : "Shift+Tab" });
    await by.press("button", "Suspend", { by: "Shift+Tab" });
    const suspend = dialog("Suspend 2 databases");
    await by.write("Reason", "unpaid", { within: suspend });
    await by.press("button", "Suspend", { within: suspend });
    await suspend.getByText("Succeeded", { exact: true }).first().waitFor();
    await by.keys("Escape");
    await suspend.waitFor({ state: "detached" });
    await by.somewhere();
    assert.deepEqual([(await read()).state, (await read(other.id)).state], ["SUSPENDED", "SUSPENDED"]);
  },

  "by keyboard: a suspended database is resumed, its server is checked, and what is found there is left as it is": async ({ person, signIn, graph, sql, url, step }) => {
    const { id } = await databaseOf(graph, await customerOf(graph, "Resuming"), "back");
    const { suspendDatabase } = await graph("mutation ($input: SuspendDatabaseInput!) { suspendDatabase(input: $input) { job { id } } }", { input: { id, reason: "unpaid" } });
    await overOf(graph, suspendDatabase.job.id);
    const { page, by, dialog, told } = await at(person, signIn, `/databases/${id}?tab=settings`);
    const read = async () => (await graph("query ($id: ID!) { database(id: $id) { state suspendReason server { id name } } }", { id })).database;
    const { state, suspendReason, server } = await read();
    assert.deepEqual([state, suspendReason], ["SUSPENDED", "unpaid"]);
    await by.press("button", "Resume");
    const resume = dialog("Resume back");
    await by.press("button", "Resume", { within: resume });
    await resume.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "Close", { within: resume.locator("form, div").filter({ has: page.getByText("Succeeded", { exact: true }) }).first() });
    await back(by, resume, "button", "Suspend"); // it stands where the opener stood
    const after = await read();
    assert.deepEqual([after.state, after.suspendReason], ["ACTIVE", null]);
    step("resumed");

    const checkedAt = async () => Date.parse((await graph("query ($id: ID!) { node(id: $id) { ... on DatabaseServer { checkedAt } } }", { id: server.id })).node.checkedAt);
    await page.goto(`${url}/servers/${server.id}`);
    await page.getByRole("heading", { level: 1, name: server.name }).waitFor();
    const before = await checkedAt();
    await by.press("button", "Check now");
    await told("The server is checked");
    await by.has("button", "Check now");
    assert.ok((await checkedAt()) > before, "it was checked again");
    step("checked");

    sql(strayRole("stray"));
    await surveyTwice(graph, server.id);
    const finding = async () => (await graph("{ driftFindings(first: 10) { nodes { externalName ignored resolvedAt } } }")).driftFindings.nodes.find(({ externalName }) => externalName === "stray");
    assert.deepEqual(await finding(), { externalName: "stray", ignored: false, resolvedAt: null });
    await by.press("link", "See what differs");
    await page.getByRole("heading", { level: 1, name: "Drift" }).waitFor();
    await take(page, by, "Decide about stray", "Leave as it is");
    const leave = dialog("Leave as it is: stray");
    await leave.getByText("Nothing is done on the server.").waitFor();
    await by.press("button", "Leave as it is", { within: leave });
    await told("It is decided.");
    await back(by, leave, "button", "Decide about stray");
    await page.getByRole("row").filter({ hasText: "stray" }).getByText("Left as it is").waitFor();
    assert.deepEqual(await finding(), { externalName: "stray", ignored: true, resolvedAt: null });
  },
};
