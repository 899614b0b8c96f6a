import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { keyboardOf } from "../keyboard.mjs";
import { graphAs, memberOf, secondFactor, user } from "../users.mjs";
import { customerOf } from "./parts.mjs";
import { totp } from "../totp.mjs";

/** Somebody with a keyboard alone at a page of the app. */
async function at(person, signIn, to, who = {}) {
  const page = await (await person({ acceptDownloads: true })).newPage();
  const by = await keyboardOf(page);
  await signIn(page, { to, ...who });
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  return { page, by, dialog: (name) => page.getByRole("dialog", { name }), told: (text) => page.getByText(text).first().waitFor() };
}

export const tests = {
  "by keyboard: password, e-mail address and profile are changed": async ({ person, signIn, graph, url, step }) => {
    const [email, password, next] = ["own@example.com", "canary of an owner", "canary of another"];
    await user(graph, url, { email, name: "Own", password });
    const { page, by, dialog, told } = await at(person, signIn, "/security", { email, password });
    await by.press("button", "Change e-mail address");
    const address = dialog("Change e-mail address");
    await by.has("textbox", "New e-mail address", { within: address });
    await by.type("owner@example.com");
    await by.press("button", "Send link", { within: address });
    await told("A link is on its way");
    await address.waitFor({ state: "detached" });
    await by.has("button", "Change e-mail address");
    step("an address");

    await by.press("button", "Change password");
    const change = dialog("Change password");
    await by.has("textbox", "Current password", { within: change });
    await by.type(password);
    await by.write("New password", next, { within: change });
    await by.press("button", "Change password", { within: change });
    await told("Your password is changed");
    await change.waitFor({ state: "detached" });
    await by.has("button", "Change password");
    const own = await graphAs(url, email, next);
    step("a password");

    await by.press("button", /^Account menu/, { exact: false, by: "Shift+Tab" });
    await page.locator("[role=menu] [role=menuitem]:focus").waitFor();
    await by.press("menuitem", "Settings", { by: "ArrowDown" });
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await by.write("Full name", "Owner", { most: 80 });
    await by.keys("Enter");
    await told("Your profile is saved.");
    await by.somewhere();
    assert.equal((await own("{ viewer { user { name } } }")).viewer.user.name, "Owner");
  },

  "by keyboard: recovery codes are made anew, and the authenticator app is turned off": async ({ person, graph, url }) => {
    const member = await memberOf(graph, url, await customerOf(graph, "Two steps"), "steps@example.com");
    const own = await graphAs(url, member.email, member.password);
    const { secret } = await secondFactor(own);
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await page.goto(`${url}/sign-in?next=/security`);
    await by.has("textbox", "E-mail address");
    await by.type(member.email);
    await by.keys("Tab");
    await by.type(member.password);
    await by.keys("Enter");
    await page.locator("input[inputmode=numeric]:focus").waitFor();
    await by.type(totp(secret, 1));
    await page.getByRole("heading", { level: 1, name: "Security" }).waitFor();

    await by.press("button", "New recovery codes");
    const ask = page.getByRole("dialog", { name: "New recovery codes" });
    await by.press("button", "New recovery codes", { within: ask });
    const codes = page.getByRole("dialog", { name: "Recovery codes", exact: true });
    await by.press("button", "I have saved it", { within: codes });
    await codes.waitFor({ state: "detached" });
    await by.somewhere();

    await by.press("button", "Turn off");
    const off = page.getByRole("dialog", { name: "Turn off" });
    await by.press("button", "Turn off", { within: off });
    await off.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Set up" }).waitFor();
    await by.somewhere();
    const after = await graphAs(url, member.email, member.password); // the password alone is enough again
    assert.equal((await after("{ viewer { user { totpEnabled } } }")).viewer.user.totpEnabled, false);
  },

  "by keyboard: an entry of the audit is read, and the audit exported": async ({ person, signIn, graph }) => {
    await customerOf(graph, "Noted");
    const { page, by, dialog } = await at(person, signIn, "/audit?action=customer.create");
    await by.press("button", "Create a customer");
    const entry = dialog("Entry of the audit log");
    await entry.getByRole("heading", { name: "Create a customer" }).waitFor();
    await by.to("button", "More of this action", { within: entry });
    await by.keys("Escape");
    await entry.waitFor({ state: "detached" });
    await by.has("button", "Create a customer");
    await by.press("button", "Export", { by: "Shift+Tab" });
    await page.locator("[role=menu]:focus, [role=menu] :focus").waitFor({ state: "attached" });
    const saved = page.waitForEvent("download");
    await by.press("menuitem", "As JSON lines", { by: "ArrowDown" });
    const lines = readFileSync(await (await saved).path(), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual([...new Set(lines.map(({ action }) => action))], ["customer.create"]);
    await by.has("button", "Export");
    const { auditEvents } = await graph("{ auditEvents(first: 1, filter: { action: \"audit.export\" }) { nodes { allowed } } }");
    assert.deepEqual(auditEvents.nodes, [{ allowed: true }]);
  },

  "by keyboard: the charts' window is changed, and they are paused": async ({ person, signIn, graph }) => {
    const { page, by } = await at(person, signIn, "/");
    const { servers } = await graph("{ servers(first: 1) { nodes { name } } }");
    await page.getByRole("heading", { name: `This server: ${servers.nodes[0].name}` }).waitFor();
    await by.to("radio", "2 min");
    await by.keys("ArrowRight");
    await by.to("radio", "1 h", { most: 0 }); // what is seen of it is its label
    assert.ok(await page.getByRole("radio", { name: "1 h" }).isChecked());
    await by.press("button", "Pause");
    await by.has("button", "Go on");
    await by.keys("Enter");
    await by.has("button", "Pause");
  },

  "by keyboard: who is there is asked again after a while, and what was asked for goes on": async ({ person, signIn, graph, panelSql, url, step }) => {
    const [email, password] = ["asked@example.com", "canary of who is there"];
    await user(graph, url, { email, name: "Asked", password, role: "ADMIN" });
    const { page, by, dialog } = await at(person, signIn, "/security", { email, password });
    const own = await graphAs(url, email, password);
    const tokens = async () => (await own("{ viewer { apiTokens { name } } }")).viewer.apiTokens.map(({ name }) => name);
    panelSql(`UPDATE sessions SET confirmed_at = confirmed_at - interval '6 minutes' WHERE user_id = (SELECT id FROM users WHERE email = '${email}')`); // they were long away
    await by.press("button", "New API token");
    const drawer = dialog("New API token");
    await by.has("textbox", "Name", { within: drawer });
    await by.type("weekly");
    await by.press("checkbox", "See databases", { within: drawer, key: "Space" });
    await by.press("button", "Create token", { within: drawer });
    const asked = dialog("Is it you?");
    await by.has("textbox", "Password", { within: asked });
    await by.type("somebody else's guess");
    await by.keys("Enter");
    await asked.getByText("The password is wrong.").waitFor();
    await by.has("textbox", "Password", { within: asked });
    assert.deepEqual(await tokens(), []);
    await by.keys("Control+a");
    await by.type(password);
    await by.press("button", "Confirm", { within: asked });
    const once = dialog("Your new API token");
    await by.press("button", "I have saved it", { within: once });
    await once.waitFor({ state: "detached" });
    await by.has("region", "API tokens"); // the button of the empty list is gone
    assert.deepEqual(await tokens(), ["weekly"]);
    const { auditEvents } = await graph("{ auditEvents(first: 50, filter: { action: \"session.confirm\" }) { nodes { allowed actor { email } } } }");
    assert.deepEqual(auditEvents.nodes.filter(({ allowed }) => allowed).map(({ actor }) => actor.email), [email]);
  },

  "by keyboard: language and time zone are set, of the pages and of e-mails": async ({ person, signIn, graph, url }) => {
    const [email, password] = ["zone@example.com", "canary of a traveller"];
    await user(graph, url, { email, name: "Zone", password });
    const { page, by, told } = await at(person, signIn, "/settings", { email, password });
    const own = await graphAs(url, email, password);
    const profile = page.getByRole("region", { name: "Profile" });
    await by.choose("Language of e-mails", "Deutsch", { within: profile });
    await by.has("combobox", "Language of e-mails", { within: profile });
    await by.press("button", "Save", { within: profile });
    await told("Your profile is saved.");
    await by.has("button", "Save", { within: profile });
    assert.equal((await own("{ viewer { user { language } } }")).viewer.user.language, "DE");

    await by.choose("Time zone", "Asia/Tokyo", { typed: "tokyo" });
    await by.has("combobox", "Time zone");
    await told(`There it is ${new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "Asia/Tokyo" }).format(new Date())}`);
    await by.choose("Language of the pages", "Deutsch", { by: "Shift+Tab" });
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    await by.has("combobox", "Sprache der Seiten");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.equal(await page.getByRole("combobox", { name: "Zeitzone" }).inputValue(), "Asia/Tokyo");
  },
};
