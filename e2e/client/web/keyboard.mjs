import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { totp } from "../totp.mjs";
import { user } from "../users.mjs";

const names = (page) => page.getByRole("navigation", { name: "Main" });
const title = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** Types what signs in into the page that asks for it. */
async function signInBy(by, email, password) {
  await by.has("textbox", "E-mail address");
  await by.type(email);
  await by.keys("Tab");
  await by.type(password);
  await by.keys("Enter");
}

/** Signs in with the keyboard, and gives it. */
async function begin(page, url, email, password) {
  const by = await keyboardOf(page);
  await page.goto(`${url}/sign-in`);
  await signInBy(by, email, password);
  return by;
}

/** Opens the account menu, at its first item. */
async function accountMenu(page, by) {
  await by.press("button", /^Account menu/, { exact: false });
  await page.locator("[role=menu] [role=menuitem]:focus").waitFor();
  await by.has("menuitem", "Security");
}

/** Signs out by the account menu. */
async function signOut(page, by) {
  await accountMenu(page, by);
  await by.keys("ArrowUp"); // round to the last one
  await by.has("menuitem", "Sign out");
  await by.keys("Enter");
  await page.waitForURL(/\/sign-in$/);
}

export const tests = {
  "by keyboard: the panel is set up with its first administrator": async ({ person, url, setupToken, email, password }) => {
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await page.goto(`${url}/setup#${setupToken}`);
    await by.to("textbox", "Full name");
    await by.type("Root");
    await by.write("E-mail address", email);
    await by.write("Password", "too short");
    await by.press("button", "Create administrator");
    await by.has("textbox", "Password");
    await by.keys("Control+a");
    await by.type(password);
    await by.keys("Enter");
    await names(page).waitFor();
    await title(page, "Dashboard");
    await signOut(page, by);
    await signInBy(by, email, password);
    await names(page).waitFor();
  },

  "by keyboard: a customer and a database with its secret; its password, a suspension and its end": async ({ person, url, email, password, step }) => {
    const page = await (await person()).newPage();
    const by = await begin(page, url, email, password);
    await names(page).waitFor();
    await page.getByRole("main").getByRole("link", { name: /^Customers/ }).first().waitFor();
    await by.to("link", "Skip to the content");
    await by.keys("Enter", "Tab");
    assert.equal(await page.locator("#content :focus").count(), 1, "the focus is in the content");

    await by.press("link", "Customers", { by: "Shift+Tab" });
    await title(page, "Customers");
    const create = { within: page.getByRole("main") };
    await by.to("button", "Create a customer", create);
    await by.keys("Enter");
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    await by.has("textbox", "Name", { within: drawer });
    await by.keys("Escape");
    await drawer.waitFor({ state: "detached" });
    await by.has("button", "Create a customer", create);
    await by.keys("Enter");
    await by.has("textbox", "Name", { within: drawer });
    await by.type("Keys & Sons");
    await by.write("E-mail address", "keys@example.com", { within: drawer });
    await by.press("button", "Create a customer", { within: drawer });
    await title(page, "Keys & Sons");
    await drawer.waitFor({ state: "detached" });
    step("a customer");

    await by.keys("g", "d");
    await title(page, "Databases");
    await by.press("button", "Create a database", create);
    const order = page.getByRole("dialog", { name: "Create a database" });
    await by.to("combobox", "Customer", { within: order });
    await by.type("keys");
    await page.getByRole("option", { name: "Keys & Sons" }).waitFor();
    await by.keys("ArrowDown", "Enter");
    await by.write("Name", "shop", { within: order });
    await by.press("button", "Create a database", { within: order });
    await order.getByText("Succeeded", { exact: true }).waitFor();
    await by.keys("Escape"); // it is not left like this
    await by.press("button", "I have saved it", { within: order });
    await title(page, "shop");
    step("a database");

    await by.to("tab", "Overview");
    await by.keys("ArrowLeft"); // round to the last one
    await by.has("tab", "Settings");
    await page.waitForURL(/tab=settings/);

    await by.press("button", "Rotate the password");
    const rotate = page.getByRole("dialog", { name: "Rotate the password of shop" });
    await by.press("button", "Rotate the password", { within: rotate });
    await rotate.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "I have saved it", { within: rotate });
    await rotate.waitFor({ state: "detached" });
    await by.has("button", "Rotate the password");
    step("its password");

    await by.press("button", "Suspend");
    const suspend = page.getByRole("dialog", { name: "Suspend shop" });
    await by.has("textbox", "Reason", { within: suspend });
    await by.type("unpaid");
    await by.press("button", "Suspend", { within: suspend });
    await suspend.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "Close", { within: suspend.locator("form, div").filter({ has: page.getByText("Succeeded", { exact: true }) }).first() });
    await suspend.waitFor({ state: "detached" });
    await by.has("button", "Resume"); // it stands where the opener stood
    step("a suspension");

    await by.press("button", "Delete the database");
    const end = page.getByRole("dialog", { name: "Delete shop" });
    await by.write("Type shop to confirm", "shop", { within: end });
    await by.keys("Enter");
    await page.getByText("This database is being deleted").waitFor();
    await by.keys("Escape");
    await end.waitFor({ state: "detached" });
    await by.somewhere();
    await signOut(page, by);
  },

  "by keyboard: a second factor is turned on, and signs in by code and by recovery code": async ({ person, graph, url }) => {
    const [email, password] = ["second@example.com", "canary of two steps"];
    await user(graph, url, { email, name: "Second", password });
    const page = await (await person()).newPage();
    const by = await begin(page, url, email, password);
    await names(page).waitFor();
    await accountMenu(page, by);
    await by.keys("Enter");
    await title(page, "Security");
    await by.press("button", "Set up");
    const dialog = page.getByRole("dialog", { name: "Set up the authenticator app" });
    await dialog.waitFor();
    await by.keys("Escape");
    await dialog.waitFor({ state: "detached" });
    await by.has("button", "Set up");
    await by.keys("Enter");
    const secret = new URL(await dialog.getByRole("link", { name: "Open in an app on this device" }).getAttribute("href")).searchParams.get("secret");
    await by.to("textbox", "Code of the app 1/6", { within: dialog });
    await by.type(totp(secret));
    await by.press("button", "Turn on", { within: dialog });
    const once = page.getByRole("dialog", { name: "Recovery codes" });
    const [recovery] = (await once.getByRole("code").or(once.locator("code, pre")).first().innerText()).trim().split(/\s+/);
    assert.match(recovery, /\S{8,}/);
    await by.press("button", "I have saved it", { within: once });
    await once.waitFor({ state: "detached" });
    await by.somewhere();
    await signOut(page, by);

    await signInBy(by, email, password);
    await page.locator("input[inputmode=numeric]:focus").waitFor();
    await by.type(totp(secret, 1));
    await names(page).waitFor();
    await signOut(page, by);

    await signInBy(by, email, password);
    await page.locator("input[inputmode=numeric]:focus").waitFor();
    await by.press("button", "Use a recovery code");
    await by.to("textbox", "Recovery code");
    await by.type(recovery);
    await by.keys("Enter");
    await names(page).waitFor();
  },

  "by keyboard: a session and an API token are revoked, and somebody is invited": async ({ person, signIn, graph, url, step }) => {
    const [email, password] = ["revoker@example.com", "canary of a cleaner"];
    await user(graph, url, { email, name: "Revoker", password, role: "ADMIN" });
    const other = await (await person({ userAgent: "Elsewhere" })).newPage();
    await signIn(other, { email, password });
    const page = await (await person()).newPage();
    const by = await begin(page, url, email, password);
    await names(page).waitFor();
    await title(page, "Dashboard");
    await by.keys("g", "p");
    await title(page, "Security");
    const end = /^End the session on/;
    await by.press("button", end, { exact: false });
    const asked = page.getByRole("dialog", { name: "End session" });
    await asked.waitFor();
    await by.keys("Escape");
    await asked.waitFor({ state: "detached" });
    await by.has("button", end, { exact: false });
    await by.keys("Enter");
    await by.press("button", "End session", { within: asked });
    await asked.waitFor({ state: "detached" });
    await other.getByRole("dialog", { name: "Your session is over" }).waitFor();
    await by.somewhere();
    step("a session");

    await by.press("button", "New API token");
    const drawer = page.getByRole("dialog", { name: "New API token" });
    await by.has("textbox", "Name", { within: drawer });
    await by.type("nightly");
    await by.to("checkbox", "See databases", { within: drawer });
    await by.keys("Space");
    assert.equal(await drawer.getByRole("checkbox", { checked: true }).count(), 1);
    await by.press("button", "Create token", { within: drawer });
    const once = page.getByRole("dialog", { name: "Your new API token" });
    await by.press("button", "I have saved it", { within: once });
    await once.waitFor({ state: "detached" });
    await by.somewhere();
    await by.press("button", "Revoke nightly");
    const sure = page.getByRole("dialog", { name: "Revoke nightly" });
    await by.press("button", "Revoke", { within: sure });
    await sure.waitFor({ state: "detached" });
    await page.getByText("You have no API token").waitFor();
    await by.somewhere();
    step("an API token");

    await by.press("link", "Users", { by: "Shift+Tab", most: 80 });
    await title(page, "Users");
    await by.press("button", "Invite a user", { within: page.getByRole("main") });
    const invite = page.getByRole("dialog", { name: "Invite a user" });
    await by.has("textbox", "Full name", { within: invite });
    await by.type("Ada");
    await by.write("E-mail address", "ada@example.com", { within: invite });
    await by.to("radio", "With a customer", { within: invite });
    await by.keys("ArrowRight");
    await by.press("button", "Send invitation", { within: invite });
    await invite.waitFor({ state: "detached" });
    await by.has("button", "Invite a user", { within: page.getByRole("main") });
    await page.getByText("ada@example.com").first().waitFor();
  },

  "by keyboard: the audit log is filtered, the theme is switched, and the session is ended": async ({ person, url, email, password }) => {
    const page = await (await person()).newPage();
    const by = await begin(page, url, email, password);
    await names(page).waitFor();
    await by.press("link", "Audit log");
    await title(page, "Audit log");
    await by.to("combobox", "Action");
    await by.type("session.sign_in");
    await page.waitForURL(/action=session.sign_in/);
    await by.to("combobox", "Outcome");
    await by.keys("ArrowDown", "ArrowDown", "Enter");
    await page.waitForURL(/allowed=/);
    await by.press("button", "Clear the filters");
    await page.waitForURL((at) => !at.search.includes("action"));
    await by.somewhere();

    await accountMenu(page, by);
    await by.keys("ArrowDown");
    await by.has("menuitem", "Settings");
    await by.keys("Enter");
    await title(page, "Settings");
    const scheme = () => page.evaluate(() => document.documentElement.getAttribute("data-mantine-color-scheme"));
    assert.equal(await scheme(), "light");
    await by.to("radio", "As the system");
    await by.keys("ArrowLeft");
    await by.has("radio", "Dark");
    await page.waitForFunction(() => document.documentElement.getAttribute("data-mantine-color-scheme") === "dark");
    await page.reload();
    await title(page, "Settings");
    assert.equal(await scheme(), "dark");
    await signOut(page, by);
  },
};
