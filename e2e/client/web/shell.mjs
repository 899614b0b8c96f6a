import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { keyboardOf } from "../keyboard.mjs";
import { memberOf } from "../users.mjs";
import { examine } from "./examine.mjs";
import { choose, customerOf, databaseOf, palette } from "./parts.mjs";

/** Pages that need nothing to be there; german.mjs looks at them when they are filled. */
const routes = ["/", "/customers", "/databases", "/jobs", "/users", "/servers", "/drift", "/audit", "/security", "/settings", "/databases/bm90aGluZw"];

/** An id as another one, of something that is not there. */
function missing(id) {
  const text = Buffer.from(id, "base64url").toString();
  return Buffer.from(text.slice(0, -12) + "0".repeat(12)).toString("base64url");
}

export const tests = {
  "U1: every page of the app while there is nothing yet, light, dark and narrow": async ({ person, signIn, shot, step, url }) => {
    const page = await (await person({ reducedMotion: "reduce" })).newPage();
    await signIn(page);
    const faults = [];
    for (const route of routes) {
      await page.goto(url + route);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      faults.push(...(await examine(page, route, { shot })));
      step(route);
    }
    assert.ok(faults.length === 0, faults.join("\n"));
  },

  "U4: the palette finds pages and objects, and gives the focus back": async ({ person, signIn, graph, shot, step }) => {
    const customer = await customerOf(graph, "Palette & Sons");
    const page = await (await person()).newPage();
    await signIn(page, { to: "/jobs" });
    const opener = page.getByRole("button", { name: /^Search/ });
    await opener.focus();
    await page.evaluate(() => {
      addEventListener("keydown", ({ key, timeStamp }) => {
        if (key !== "k") return;
        const look = () => {
          const field = document.querySelector("[role=dialog] input");
          if (field?.checkVisibility()) globalThis.after ??= performance.now() - timeStamp;
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }, true);
    });
    await page.keyboard.press("Control+k");
    await page.waitForFunction(() => globalThis.after !== undefined);
    step(`the palette after ${Math.round(await page.evaluate(() => globalThis.after))} ms`); // 100 ms on a machine that is not busy
    const field = palette(page);
    const faults = await examine(page, "the palette", { shot, width: 1280 });
    await field.fill("palette");
    await page.getByText("Palette & Sons").waitFor();
    faults.push(...(await examine(page, "the palette with what it found", { shot })));
    assert.ok(faults.length === 0, faults.join("\n"));
    await page.keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
    assert.equal(await opener.evaluate((e) => e === document.activeElement), true, "the focus is back");
    await choose(page, "palette & sons"); // no page is called so: it is chosen when it is found
    await page.waitForURL(new RegExp(`/customers/${customer}$`));
    await field.waitFor({ state: "detached" });
    await choose(page, "databases");
    await page.waitForURL(/\/databases$/);
    for (const [action, dialog] of [["Register a server", "Register server"], ["New API token", "New API token"], ["Keyboard shortcuts", "Keyboard shortcuts"]]) {
      await choose(page, action);
      await field.waitFor({ state: "detached" });
      await page.getByRole("dialog", { name: dialog }).waitFor();
      await page.waitForFunction(() => document.querySelector("[role=dialog]")?.contains(document.activeElement));
      assert.doesNotMatch(page.url(), /new=/, "once");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await choose(page, "dark");
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
    await choose(page, "deutsch");
    await page.locator("html[lang=de]").waitFor();
  },

  "U5: shortcuts lead to pages, and never while somebody writes": async ({ person, signIn }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForURL(/\/databases$/);
    const field = page.getByRole("textbox", { name: "Search by name" });
    await field.pressSequentially("gj?");
    assert.equal(await field.inputValue(), "gj?");
    await page.waitForURL(/q=gj/);
    assert.match(page.url(), /\/databases/);
  },

  "U3: filters stand in the address, for a reload and for Back": async ({ person, signIn }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/jobs?state=FAILED" });
    await page.getByText("No job is like this").waitFor();
    const state = page.getByRole("textbox", { name: "State" }).or(page.getByRole("combobox", { name: "State" })).first();
    assert.equal(await state.inputValue(), "Failed");
    await page.reload();
    await page.getByText("No job is like this").waitFor();
    await page.getByRole("link", { name: "Databases" }).click();
    await page.getByRole("heading", { level: 1, name: "Databases" }).waitFor();
    await page.goBack();
    await page.getByText("No job is like this").waitFor();
    assert.match(page.url(), /state=FAILED/);
  },

  "U11: what is somebody else's looks as what is not there: the same page to the pixel, and the same answers": async ({ person, signIn, graph, shot, url }) => {
    const [own, foreign] = [await customerOf(graph, "Own"), await customerOf(graph, "Foreign")];
    const [mine, theirs] = await Promise.all([databaseOf(graph, own, "own_shop"), databaseOf(graph, foreign, "foreign_shop")]);
    const member = await memberOf(graph, url, own, "own@example.com");
    const { databaseServers, viewer } = await graph("{ databaseServers(first: 1) { nodes { id } } viewer { user { id } } }");
    const page = await (await person()).newPage();
    await signIn(page, { ...member, to: `/databases/${mine.id}` });
    await page.getByRole("heading", { level: 1, name: "own_shop" }).waitFor(); // what is their own they see
    const answers = [];
    page.on("response", (response) => {
      const operation = new URL(response.url()).pathname === "/graphql" && response.request().postDataJSON();
      // Of what an answer says beside its data, the time of the server and the like are of no object.
      if (operation?.variables?.id) answers.push(response.json().then(({ data, errors }) => JSON.stringify([operation.operationName, data, errors])).catch((e) => String(e)));
    });
    const seen = async (path) => {
      answers.splice(0);
      await page.goto(url + path);
      await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      await page.waitForFunction(() => document.querySelector("[aria-busy=true], [data-resizing]") === null && document.getAnimations().length === 0);
      assert.ok(answers.length > 0, `${path} asks for its object`);
      const html = await page.evaluate(() => [...document.querySelectorAll("header, nav, main, [role=dialog], [role=status], [role=alert]")].map((e) => e.outerHTML));
      return {
        answers: await Promise.all(answers), title: await page.title(), text: await page.locator("body").innerText(),
        html: html.map((text) => text.replaceAll(/(?<=")(mantine-|_r_)\w+/g, "")), // which ids a page gives depends on when its parts come
        pixels: createHash("sha256").update(await page.screenshot()).digest("hex"),
      };
    };
    for (const [path, id] of [
      ["/databases/", theirs.id], ["/customers/", foreign], ["/jobs/", theirs.job], ["/servers/", databaseServers.nodes[0].id], ["/users/", viewer.user.id],
    ]) {
      const there = await seen(path + id);
      await shot(page, `foreign${path.replaceAll("/", "-")}`);
      assert.deepEqual(there, await seen(path + missing(id)), path);
      assert.equal(there.title, "There is nothing here · MPanel");
    }
  },

  "U7: a lost connection is told within two seconds and taken up again, nothing missed": async ({ person, signIn, graph, forgive }) => {
    const context = await person();
    const page = await context.newPage();
    await signIn(page);
    await page.getByRole("heading", { level: 1, name: "Dashboard" }).waitFor();
    await page.waitForFunction(() => document.querySelector("main canvas"), undefined, { timeout: 20_000 });
    const { customers } = await graph("{ customers(first: 1) { totalCount } }");
    const count = (n) => page.getByRole("main").getByRole("link", { name: `Customers ${n}`, exact: true });
    await count(customers.totalCount).waitFor();
    await context.setOffline(true);
    const begin = Date.now();
    await page.getByText(/Reconnecting|does not answer/).first().waitFor();
    const told = Date.now() - begin;
    await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", { input: { name: "Meanwhile", email: "meanwhile@example.com" } });
    await context.setOffline(false);
    await page.getByText(/Reconnecting|does not answer/).first().waitFor({ state: "detached" });
    await count(customers.totalCount + 1).waitFor();
    assert.ok(told < 10_000, `told after ${told} ms`); // two seconds on a machine that is not busy
    forgive(/ERR_INTERNET_DISCONNECTED|WebSocket/);
  },

  "U6: what has happened is told as it happens, and leads to what it is about, by keyboard alone": async ({ person, signIn, graph, shot }) => {
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await signIn(page);
    const { unreadCount } = (await graph("{ viewer { notifications(first: 1) { unreadCount } } }")).viewer.notifications;
    await page.getByRole("button", { name: `Notifications: ${unreadCount} new` }).waitFor();
    const { createCustomer } = await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", { input: { name: "Told", email: "told@example.com" } });
    await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { job { id } } }", { input: { customerId: createCustomer.customer.id, name: "told" } });
    await by.press("button", `Notifications: ${unreadCount + 1} new`);
    const drawer = page.getByRole("dialog", { name: "Notifications" });
    await drawer.locator("[data-level=SUCCESS][data-read=false]").first().waitFor();
    await shot(page, "notifications");
    await by.press("button", "Mark all as read", { within: drawer });
    await page.getByRole("button", { name: "Notifications: 0 new", includeHidden: true }).waitFor({ state: "attached" });
    await by.keys("Escape");
    await by.has("button", "Notifications: 0 new");
    await by.keys("Enter");
    await by.press("link", /database/i, { within: drawer });
    await page.getByRole("heading", { level: 1, name: "Create a database" }).waitFor();
    await page.locator("[data-step][data-state=DONE]").first().waitFor();
    await page.getByRole("log").getByText("job.succeeded").waitFor();
  },
};
