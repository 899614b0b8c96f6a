import assert from "node:assert/strict";
import { memberOf } from "../users.mjs";
import { customerOf, databaseOf } from "./parts.mjs";

/** The tab that is open, by name. */
const openTab = (page) => page.getByRole("tab", { selected: true }).first().innerText();

export const tests = {
  "U20: a customer's tabs stand in the address; suspending says first whose services stop, and so does resuming": async ({ person, signIn, graph, shot, url }) => {
    const customer = await customerOf(graph, "Tabs & Sons");
    const below = await customerOf(graph, "Below", { parentId: customer });
    await databaseOf(graph, customer, "tabs_shop");
    await databaseOf(graph, customer, "tabs_blog");
    await databaseOf(graph, below, "below_shop");
    const context = await person();
    const page = await context.newPage();
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

    await page.getByRole("button", { name: "Suspend", exact: true }).click();
    const suspend = page.getByRole("dialog", { name: "Suspend Tabs & Sons" });
    await suspend.getByText("3 services are affected").waitFor();
    await suspend.getByText(/Databases: (tabs_shop, tabs_blog|tabs_blog, tabs_shop)/).waitFor();
    await suspend.getByText("Customers below: Below").waitFor();
    await suspend.getByLabel("Reason").fill("The bill is not paid");
    await shot(page, "suspend");
    await suspend.getByRole("button", { name: "Suspend" }).click();
    await suspend.getByText("Succeeded", { exact: true }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("The reason given: The bill is not paid").waitFor();
    await copied.goto(`${url}/databases?q=below_shop`);
    await copied.locator("[data-state=SUSPENDED]").first().waitFor();
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    const resume = page.getByRole("dialog", { name: "Resume Tabs & Sons" });
    await resume.getByText("3 services are affected").waitFor();
    await resume.getByRole("button", { name: "Resume" }).click();
    await resume.getByText("Succeeded", { exact: true }).first().waitFor();
    await copied.locator("[data-state=ACTIVE]").first().waitFor(); // live, without a reload
  },

  "U21: staff see what a user sees under a banner that stays, without their secrets, and end it with one click": async ({ person, signIn, graph, shot, url }) => {
    const customer = await customerOf(graph, "Acted for");
    await customerOf(graph, "Somebody else's");
    await databaseOf(graph, customer, "acted_shop");
    const member = await memberOf(graph, url, customer, "acted@example.com");
    const page = await (await person()).newPage();
    await signIn(page, { to: "/users?q=acted" });
    await page.getByRole("link", { name: "Member acted" }).click();
    await page.getByRole("button", { name: "View as this user" }).click();
    const ask = page.getByRole("dialog", { name: "View as Member acted" });
    await ask.getByLabel("Reason").fill("short");
    await ask.getByRole("button", { name: "View as this user" }).click();
    await ask.locator("[aria-invalid=true]").waitFor();
    await ask.getByLabel("Reason").fill("The user asked why the shop is slow.");
    await ask.getByRole("button", { name: "View as this user" }).click();
    const banner = page.getByRole("status").filter({ hasText: "You act as Member acted" });
    await banner.waitFor();

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

    await banner.getByRole("button", { name: "End" }).click();
    await banner.waitFor({ state: "detached" });
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
};
