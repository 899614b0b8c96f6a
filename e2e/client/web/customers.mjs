import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { memberOf } from "../users.mjs";
import { actAs, customerOf, databaseOf } from "./parts.mjs";

/** The tab that is open, by name. */
const openTab = (page) => page.getByRole("tab", { selected: true }).first().innerText();

export const tests = {
  "U20: a customer's tabs stand in the address; suspending says first whose services stop, and so does resuming, by keyboard alone": async ({ person, signIn, graph, shot, step, url }) => {
    const customer = await customerOf(graph, "Tabs & Sons");
    const below = await customerOf(graph, "Below", { parentId: customer });
    await databaseOf(graph, customer, "tabs_shop");
    await databaseOf(graph, customer, "tabs_blog");
    await databaseOf(graph, below, "below_shop");
    const context = await person();
    const page = await context.newPage();
    const by = await keyboardOf(page);
    await signIn(page, { to: `/customers/${customer}` });
    assert.equal(await openTab(page), "Overview");
    for (const [name, word, seen] of [
      ["Databases", "databases", page.getByRole("link", { name: "tabs_shop" })], ["Jobs", "jobs", page.getByRole("link", { name: "Create a database" }).first()], ["Audit", "audit", page.getByText("customer.create").first()],
      ["Members", "members", page.getByText("Nobody has a role in this customer")], ["Settings", "settings", page.getByRole("heading", { name: "Limits" })],
    ]) {
      await page.getByRole("tab", { name, exact: true }).click();
      await page.waitForURL(new RegExp(`tab=${word}`));
      await seen.waitFor();
      await page.reload();
      await seen.waitFor();
      assert.equal(await openTab(page), name, "a reload stays there");
    }
    const copied = await context.newPage();
    await copied.goto(`${url}/customers/${customer}?tab=databases`);
    await copied.getByRole("link", { name: "tabs_shop" }).waitFor();
    assert.equal(await openTab(copied), "Databases");
    await copied.goto(`${url}/customers/${customer}?tab=nonsense`);
    await copied.getByRole("heading", { level: 1, name: "Tabs & Sons" }).waitFor();
    assert.equal(await openTab(copied), "Overview");

    step("tabs");

    await by.press("button", "Suspend");
    const suspend = page.getByRole("dialog", { name: "Suspend Tabs & Sons" });
    await suspend.getByText("3 services are affected").waitFor();
    await suspend.getByText(/Databases: (tabs_shop, tabs_blog|tabs_blog, tabs_shop)/).waitFor();
    await suspend.getByText("Customers below: Below").waitFor();
    await by.has("textbox", "Reason", { within: suspend });
    await by.type("The bill is not paid");
    await shot(page, "suspend");
    await by.press("button", "Suspend", { within: suspend });
    await suspend.getByText("Succeeded", { exact: true }).first().waitFor();
    await by.keys("Escape");
    await by.has("button", "Resume"); // it stands where the opener stood
    step("suspended");
    await page.getByText("The reason given: The bill is not paid").waitFor();
    await copied.goto(`${url}/databases?q=below_shop`);
    await copied.locator("[data-state=SUSPENDED]").first().waitFor();
    await by.keys("Enter");
    const resume = page.getByRole("dialog", { name: "Resume Tabs & Sons" });
    await resume.getByText("3 services are affected").waitFor();
    await by.press("button", "Resume", { within: resume });
    await resume.getByText("Succeeded", { exact: true }).first().waitFor();
    await by.keys("Escape");
    await by.has("button", "Suspend");
    await copied.locator("[data-state=ACTIVE]").first().waitFor(); // live, without a reload

    step("resumed");
    // Of a customer alone, on whatever list.
    await by.to("combobox", "Customer", { within: page.getByRole("banner"), by: "Shift+Tab" });
    await by.type("below");
    await page.getByRole("option", { name: "Below" }).waitFor();
    await by.keys("ArrowDown", "Enter");
    await page.waitForURL(new RegExp(`customer=${below}`));
    await by.press("link", "Databases", { within: page.getByRole("navigation", { name: "Main" }) });
    await page.getByRole("link", { name: "below_shop" }).waitFor();
    assert.equal(await page.getByRole("link", { name: /^tabs_/ }).count(), 0);
  },

  "U21: staff see what a user sees under a banner that stays, without their secrets, and end it with one key": async ({ person, signIn, graph, shot, step, url }) => {
    const customer = await customerOf(graph, "Acted for");
    await customerOf(graph, "Somebody else's");
    await databaseOf(graph, customer, "acted_shop");
    const member = await memberOf(graph, url, customer, "acted@example.com");
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await signIn(page, { to: "/users?q=acted" });
    await by.press("link", "Member acted");
    await by.press("button", "View as this user");
    const ask = page.getByRole("dialog", { name: "View as Member acted" });
    await by.has("textbox", "Reason", { within: ask });
    await by.type("short");
    await by.press("button", "View as this user", { within: ask });
    await ask.locator("[aria-invalid=true]:focus").waitFor();
    await by.keys("Control+a");
    await by.type("The user asked why the shop is slow.");
    await by.press("button", "View as this user", { within: ask });
    const banner = page.getByRole("status").filter({ hasText: "You act as Member acted" });
    await banner.waitFor();

    step("begun");
    // On every page, and with the user's rights alone.
    const menu = page.getByRole("navigation", { name: "Main" });
    await menu.getByRole("link", { name: "Customers" }).click();
    await page.getByRole("heading", { level: 1, name: "Customers" }).waitFor();
    await page.getByText("Acted for").first().waitFor();
    assert.equal(await page.getByText("Somebody else's").count(), 0);
    assert.equal(await menu.getByRole("link", { name: "Database servers" }).count(), 0);
    await banner.waitFor();
    await menu.getByRole("link", { name: "Databases" }).click();
    await page.getByRole("link", { name: "acted_shop" }).click();
    await page.getByRole("heading", { level: 1, name: "acted_shop" }).waitFor();
    await banner.waitFor();
    await shot(page, "acting");
    // Nothing that is shown once: a new password is the user's own.
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Rotate the password" }).click();
    const rotate = page.getByRole("dialog", { name: "Rotate the password of acted_shop" });
    await rotate.getByText("Only the user can do this, and nobody who acts as the user.").waitFor();
    assert.equal(await rotate.getByRole("button", { name: "Rotate the password" }).isDisabled(), true);
    await page.keyboard.press("Escape");
    await rotate.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Account menu/ }).click();
    await page.getByRole("menuitem", { name: "Security" }).click();
    await page.getByText("their security is not yours to see").waitFor();
    assert.equal(await page.getByText("API tokens").count(), 0);
    await banner.waitFor();

    const ended = page.waitForResponse((answer) => answer.url().endsWith("/graphql") && answer.request().postDataJSON().operationName === "EndImpersonation");
    await by.press("button", "End", { within: banner });
    await banner.waitFor({ state: "detached" });
    await ended;
    await by.somewhere();
    await menu.getByRole("link", { name: "Database servers" }).waitFor();

    const { auditEvents } = await graph(`{ auditEvents(first: 20) { nodes { action allowed actor { email } impersonator { email } after } } }`);
    const actions = auditEvents.nodes.map(({ action }) => action);
    assert.deepEqual(actions.filter((one) => /impersonat/i.test(one)), ["user.end_impersonation", "user.impersonate"]);
    // The user reads who it was, and why.
    const theirs = await (await person()).newPage();
    await signIn(theirs, { ...member, to: "/security" });
    const staff = theirs.getByRole("region", { name: "Access by staff" });
    await staff.getByText("The user asked why the shop is slow.").waitFor();
    await staff.getByText(/ended /).waitFor();
  },

  "U21: who signs out while acting as a user has ended both": async ({ person, signIn, graph, url }) => {
    await memberOf(graph, url, await customerOf(graph, "Left"), "left@example.com");
    const page = await (await person()).newPage();
    await signIn(page, { to: "/users?q=left" });
    await page.getByRole("link", { name: "Member left" }).click();
    await actAs(page, "The user asked why the shop is slow.");
    await page.getByRole("button", { name: "Account menu of Member left" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in$/);
    await page.goto(url);
    await page.waitForURL(/\/sign-in\?next=/);
    const { auditEvents } = await graph("{ auditEvents(first: 2) { nodes { action allowed } } }");
    assert.deepEqual(auditEvents.nodes, [{ action: "session.sign_out", allowed: true }, { action: "user.end_impersonation", allowed: true }]);
  },
};
