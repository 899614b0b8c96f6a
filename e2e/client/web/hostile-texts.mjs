// What people might write in the hope that it is executed, at each place that takes a text.
import { linkTo } from "../mailbox.mjs";
import { customerOf, databaseOf, name, overOf, strayRole } from "./parts.mjs";

// What runs if somebody's text is taken for anything else than text, in HTML, in an
// attribute, in a script, in an address. Each says where it was written.
const forms = [
  (where) => `"><img src=x onerror="window.__ran='${where}'">`,
  (where) => `<script>window.__ran='${where}'</script>`,
  (where) => `'"</title></textarea><svg onload=window.__ran='${where}'>`,
  (where) => `javascript:window.__ran='${where}'//`,
  (where) => `{{constructor.constructor("window.__ran='${where}'")()}}`,
];
export const polyglot = (where, form) => forms[form](where);
export const polyglots = forms.map((form) => form("any"));

/** An address that the graph takes: no angle brackets and no quotes are allowed in one. */
export const address = (where) => `'-window.__ran='${where}'-'@example.com`;

const [stored, secret, looked] = [{ stored: true }, { secret: true }, { looked: true }];
/** Stored where another is, too, and shown where that one is. */
const as = (place) => ({ as: place });
const refused = (given) => ({ refused: given });
const server = { name: "Refused", host: "db.example.com", port: 5432, adminUser: "admin", adminPassword: "not used, as it is refused" };

/** Every string that the graph takes, and what becomes of it. */
export const strings = {
  "SignUpInput.name": stored, "SignUpInput.company": stored, "SignUpInput.email": as("InviteUserInput.email"),
  "SetUpInput.name": as("UpdateProfileInput.name"), "SetUpInput.email": as("InviteUserInput.email"),
  "AcceptInvitationInput.name": stored, "UpdateProfileInput.name": stored, "ChangeEmailInput.email": as("InviteUserInput.email"),
  "InviteUserInput.name": stored, "InviteUserInput.email": stored, "ImpersonateInput.reason": stored, "CreateApiTokenInput.name": stored,
  "CreateCustomerInput.name": stored, "CreateCustomerInput.email": stored, "CreateCustomerInput.company": stored,
  "UpdateCustomerInput.name": stored, "UpdateCustomerInput.email": as("CreateCustomerInput.email"), "UpdateCustomerInput.company": as("CreateCustomerInput.company"), "SuspendCustomerInput.reason": stored,
  "SuspendDatabaseInput.reason": stored, "ChangeDatabasesInput.reason": stored,
  "UpdateDatabaseServerInput.name": stored, "RegisterDatabaseServerInput.name": as("UpdateDatabaseServerInput.name"), "SetDatabaseServerMaintenanceInput.reason": stored,

  "CreateCustomerInput.country": refused(({ text }) => ({ name: "Refused", email: "refused@example.com", country: text })), "UpdateCustomerInput.country": refused(({ text, customer }) => ({ id: customer, country: text })),
  "CreateApiTokenInput.cidrs": refused(({ text }) => ({ name: "Refused", permissions: ["JOBS_READ"], cidrs: [text] })), "SetDatabaseAccessInput.cidrs": refused(({ text, database }) => ({ id: database, cidrs: [text] })),
  "CreateDatabaseInput.name": refused(({ text, customer }) => ({ customerId: customer, name: text })), "CloneDatabaseInput.name": refused(({ text, database }) => ({ id: database, name: text })),
  "CreateDatabaseUserInput.name": refused(({ text, database }) => ({ databaseId: database, name: text, rights: "READ_ONLY" })),
  "RegisterDatabaseServerInput.host": refused(({ text }) => ({ ...server, host: text })), "RegisterDatabaseServerInput.sslMode": refused(({ text }) => ({ ...server, sslMode: text })),
  "UpdateDatabaseServerInput.host": refused(({ text, server }) => ({ id: server, host: text })), "UpdateDatabaseServerInput.sslMode": refused(({ text, server }) => ({ id: server, sslMode: text })),

  // With what is secret it is never shown again.
  "RegisterDatabaseServerInput.adminUser": secret, "UpdateDatabaseServerInput.adminUser": secret, "RegisterDatabaseServerInput.adminPassword": secret, "UpdateDatabaseServerInput.adminPassword": secret,
  "SignUpInput.password": secret, "VerifyEmailInput.token": secret, "ResetPasswordInput.token": secret, "ResetPasswordInput.password": secret, "AcceptInvitationInput.token": secret, "AcceptInvitationInput.password": secret,
  "ChangePasswordInput.currentPassword": secret, "ChangePasswordInput.password": secret, "ConfirmIdentityInput.password": secret, "ConfirmIdentityInput.code": secret, "ConfirmTotpInput.code": secret,
  "SetUpInput.token": secret, "SetUpInput.password": secret, "SignInInput.password": secret, "SignInInput.code": secret,

  // Only compared with what there is.
  "SignInInput.email": looked, "RequestPasswordResetInput.email": looked, "UserFilter.search": looked, "CustomerFilter.search": looked, "CustomerFilter.country": looked, "DatabaseFilter.search": looked,
  "JobFilter.kind": looked, "AuditFilter.action": looked, "AuditFilter.exceptActions": looked, "AuditFilter.ip": looked,
};

/** Does a mutation, and gives what it answers with. */
const doer = (graph) => async (mutation, input, fields) => {
  const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input`;
  return (await graph(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`, { input }))[mutation];
};

/**
 * Writes such texts wherever they are taken, and gives the pages to begin at, what belongs
 * to which page, a member to sign in as, and entries of the audit with such a text.
 */
export async function hostileTexts({ graph, sql, url, step }) {
  const act = doer(graph);
  const belongs = [];
  /** A text for a place, which belongs to a page that is known later. */
  const text = (place, form, where = place) => polyglot(where, form);
  const on = (place, path, written) => belongs.push([place, path, written]);

  const customers = [];
  for (const [form] of forms.entries()) {
    const [called, company, email] = [text("name", form), text("company", (form + 1) % forms.length), form === 0 ? address("customer") : `hostile${form}@example.com`];
    const id = await customerOf(graph, called, { company, email, quotas: [{ name: "DATABASES", max: "5" }] });
    customers.push(id);
    if (form !== 4) on("CreateCustomerInput.name", `/customers/${id}`, called);
    if (form !== 4) on("CreateCustomerInput.name", "/customers", called);
    on("CreateCustomerInput.company", `/customers/${id}`, company);
    if (form === 0) on("CreateCustomerInput.email", `/customers/${id}`, email);
  }
  const renamed = text("renamed", 4);
  await act("updateCustomer", { id: customers[4], name: renamed }, "customer { id }");
  on("UpdateCustomerInput.name", `/customers/${customers[4]}`, renamed);
  const why = text("customer.reason", 1);
  await overOf(graph, (await act("suspendCustomer", { id: customers[1], reason: why }, "job { id }")).job.id);
  on("SuspendCustomerInput.reason", `/customers/${customers[1]}`, why);
  step("customers");

  // Users: who is invited, who came, and who asked for it.
  for (const [form] of forms.entries()) {
    const [called, email] = [text("invited", form), form === 0 ? address("invited") : `invited${form}@example.com`];
    await act("inviteUser", { email, name: called, customerId: customers[form === 1 ? 0 : form], customerRole: "OWNER" }, "invitation { id }");
    on("InviteUserInput.name", "/users", called);
    if (form === 0) on("InviteUserInput.email", "/users", email);
  }
  const member = { email: address("member"), password: "nobody guesses this one" };
  await act("inviteUser", { email: member.email, name: "Member", customerId: customers[0], customerRole: "OWNER", language: "EN" }, "invitation { id }");
  const accepted = text("accepted", 0);
  await act("acceptInvitation", { token: new URL(await linkTo(url, member.email, "Invitation")).hash.slice(1), name: accepted, password: member.password }, "email");
  const [asked, firm] = [text("asked", 2), text("firm", 0)];
  await act("signUp", { email: "asked@example.com", name: asked, company: firm, password: "nobody guesses this one", language: "EN" }, "ok");
  await act("verifyEmail", { token: new URL(await linkTo(url, "asked@example.com", "")).hash.slice(1) }, "__typename");
  const self = text("self", 2);
  await act("updateProfile", { name: self }, "user { id }");
  const { users, customers: all } = await graph("{ users(first: 20) { nodes { id name email } } customers(first: 20) { nodes { id name } } }");
  const userOf = (called) => `/users/${users.nodes.find(({ name }) => name === called).id}`;
  on("AcceptInvitationInput.name", userOf(accepted), accepted);
  on("InviteUserInput.email", userOf(accepted), member.email);
  on("SignUpInput.name", userOf(asked), asked);
  on("SignUpInput.company", `/customers/${all.nodes.find(({ name }) => name === firm)?.id}`, firm);
  on("UpdateProfileInput.name", userOf(self), self);
  const reason = text("impersonation", 1);
  await act("impersonate", { userId: users.nodes.find(({ name }) => name === accepted).id, reason, minutes: 1 }, "impersonation { reason }");
  on("ImpersonateInput.reason", null, reason);
  const token = text("token", 2);
  await act("createApiToken", { name: token, permissions: ["DATABASES_READ"], customerId: customers[0] }, "apiToken { id }");
  on("CreateApiTokenInput.name", "/security", token);
  on("CreateApiTokenInput.name", `/customers/${customers[0]}`, token);
  step("users");

  // Databases: suspended, suspended with others, and one whose import fails with what it says itself.
  const [first, second, third] = [await databaseOf(graph, customers[0], "first"), await databaseOf(graph, customers[0], "second"), await databaseOf(graph, customers[0], "third")];
  const [alone, together] = [text("database.reason", 0), text("databases.reason", 3)];
  await overOf(graph, (await act("suspendDatabase", { id: first.id, reason: alone }, "job { id }")).job.id);
  await overOf(graph, (await act("changeDatabases", { action: "SUSPEND", ids: [second.id], reason: together }, "job { id }")).job.id);
  on("SuspendDatabaseInput.reason", `/databases/${first.id}`, alone);
  on("ChangeDatabasesInput.reason", `/databases/${second.id}`, together);
  const table = text("import", 0);
  const dump = `--\n-- PostgreSQL database dump\n--\n\nALTER TABLE public.${name(table)} ADD x integer;\n\n--\n-- PostgreSQL database dump complete\n--\n`;
  const upload = await act("createDatabaseUpload", { databaseId: third.id, sizeBytes: String(dump.length) }, "url dump { id }");
  const answer = await fetch(url + new URL(upload.url).pathname + new URL(upload.url).search, { method: "PUT", body: dump });
  if (!answer.ok) throw new Error(`the upload is refused: ${await answer.text()}`);
  const failing = (await act("importDatabase", { id: third.id, dumpId: upload.dump.id, replace: false }, "job { id }")).job.id;
  const state = await overOf(graph, failing);
  if (state !== "FAILED") throw new Error(`the import is ${state}`);
  on("a job's error", `/jobs/${failing}`, table);
  step("databases");

  // The server: its name, what is found on it, and why nothing goes on there.
  const { databaseServers } = await graph("{ databaseServers(first: 1) { nodes { id } } }");
  const [{ id: server }] = databaseServers.nodes;
  const [host, stray, maintenance] = [text("server", 3), text("drift", 0), text("maintenance", 1)];
  await act("updateDatabaseServer", { id: server, name: host }, "databaseServer { id }");
  on("UpdateDatabaseServerInput.name", "/servers", host);
  on("UpdateDatabaseServerInput.name", `/servers/${server}`, host);
  sql(strayRole(stray));
  for (const _ of [1, 2]) await act("surveyDatabaseServer", { id: server }, "databaseServer { id }"); // what was seen once may be gone
  on("a finding's object", "/drift", stray);
  await act("setDatabaseServerMaintenance", { id: server, enabled: true, reason: maintenance }, "databaseServer { id }");
  on("SetDatabaseServerMaintenanceInput.reason", `/servers/${server}`, maintenance);
  const waiting = (await act("exportDatabase", { id: third.id }, "job { id }")).job.id;
  for (let waits = null; !waits; ) waits = (await graph("query ($id: ID!) { job(id: $id) { waitingFor } }", { id: waiting })).job.waitingFor;
  on("SetDatabaseServerMaintenanceInput.reason", `/jobs/${waiting}`, maintenance);
  step("the server");

  const entryOf = async (action) => (await graph("query ($action: String) { auditEvents(first: 1, filter: { action: $action }) { nodes { id } } }", { action })).auditEvents.nodes[0].id;
  return {
    belongs, member,
    starts: [...customers.map((id) => `/customers/${id}`), `/databases/${third.id}`, `/databases/${first.id}`, `/databases/${second.id}`, `/jobs/${failing}`, `/jobs/${waiting}`, ...users.nodes.map(({ id }) => `/users/${id}`)],
    entries: [{ id: await entryOf("customer.update"), text: renamed }, { id: await entryOf("user.update_profile"), text: self }, { id: await entryOf("user.impersonate"), text: reason }],
  };
}
