import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { memberOf, user } from "../users.mjs";
import { examine, settled } from "./examine.mjs";
import { customerOf, databaseOf, palette, surveyTwice } from "./parts.mjs";

/** Where the focus is, and whether somebody who looks at the page finds it there. */
const place = () => {
  const e = document.activeElement;
  if (e === document.body) return null;
  // Radio buttons are drawn by their labels alone.
  const drawn = (e.matches("[type=radio], [type=checkbox]") && e.labels?.[0]) || e;
  const box = drawn.getBoundingClientRect();
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const name = (e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent).trim().slice(0, 40);
  return {
    what: `${e.localName} "${name}"`, within: left < right && top < bottom, visible: drawn.checkVisibility({ visibilityProperty: true, opacityProperty: true }),
    // A field lies in what draws it, and a box is drawn beside its input.
    free: hit !== null && (drawn.contains(hit) || hit.contains(drawn) || hit.parentElement.contains(drawn)),
  };
};

/** Walks a page by Tab from its beginning to its end, and gives what had the focus. */
async function walked(page) {
  await settled(page);
  const passed = [];
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(place);
    if (at === null || (passed.length > 0 && at.what === passed[0])) return passed;
    assert.deepEqual(at, { ...at, within: true, visible: true, free: true }, `${page.url()}, after ${passed.at(-1)}`);
    passed.push(at.what);
  }
  throw new Error(`${page.url()} has no end: ${passed.join(", ")}`);
}

const rows = (page) => page.locator("table tbody tr");
const names = (page) => page.locator("table tbody tr td:first-child").allInnerTexts();
const param = (page, name) => new URL(page.url()).searchParams.get(name);
const comes = (page, wanted) => page.waitForURL((url) => Object.entries(wanted).every(([name, value]) => (url.searchParams.get(name) !== null) === (value !== null) && (value === null || value === true || url.searchParams.get(name) === value)));

/** Opens an entry of an audit, which is a step of the history, and stays closed once it was closed. */
async function opensAsAStep(page, entry) {
  const dialog = page.getByRole("dialog", { name: "Entry" });
  await entry.scrollIntoViewIfNeeded();
  await entry.click();
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "detached" });
  await page.goForward();
  await dialog.waitFor();
  await page.reload();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(param(page, "event"), null);
  await entry.waitFor();
  await entry.click();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.goBack();
  await comes(page, { event: null });
  assert.equal(await dialog.count(), 0, "what was closed does not come back by Back");
}

export const tests = {
  "U1: on a narrow page every Tab leads to what is seen, and the navigation is opened, used and closed by keyboard": async ({ person, signIn, url, step }) => {
    const page = await (await person({ viewport: { width: 390, height: 844 }, reducedMotion: "reduce" })).newPage();
    const by = await keyboardOf(page);
    await signIn(page);
    for (const path of ["/", "/customers", "/drift", "/audit", "/security"]) {
      await page.goto(url + path);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      const passed = await walked(page);
      assert.ok(passed.length > 5, `${path}: ${passed.join(", ")}`);
      step(`${path}: ${passed.length} places`);
    }
    await page.goto(`${url}/customers`);
    await page.getByRole("heading", { level: 1, name: "Customers" }).waitFor();
    const nav = page.getByRole("navigation", { name: "Main" });
    assert.equal(await nav.count(), 0, "what is closed is not there for anybody");
    await by.press("button", "Open the navigation");
    await by.has("link", "Dashboard", { within: nav });
    await by.press("link", "Jobs", { within: nav });
    await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
    await nav.waitFor({ state: "hidden" });
    await by.press("button", "Open the navigation", { most: 80 });
    await by.has("link", "Dashboard", { within: nav });
    await by.keys("Escape");
    await by.has("button", "Open the navigation");
    assert.equal(await nav.count(), 0);
    await by.keys("Enter");
    await by.press("link", "Jobs", { within: nav }); // the page that is open
    await nav.waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await by.press("button", "Open the navigation", { most: 80 });
    await by.to("link", "Audit log", { within: nav });
    await by.keys("Tab"); // to the content, which it must not lie over
    await nav.waitFor({ state: "hidden" });
  },

  "U3: order, page, tab and entry are steps back, also after a reload, and a copied address is the same for another": async ({ person, signIn, graph, url, step }) => {
    for (let i = 0; i < 28; i++) await customerOf(graph, `Walked ${String(i).padStart(2, "0")}`, { country: "DE" });
    const page = await (await person({ viewport: { width: 1280, height: 600 } })).newPage();
    await signIn(page, { to: "/customers" });
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await comes(page, { sort: "NAME" });
    await page.getByRole("combobox", { name: "State" }).click();
    await page.getByRole("option", { name: "Active" }).click();
    await comes(page, { sort: "NAME", state: "ACTIVE" });
    await settled(page);
    const first = await names(page);
    assert.equal(first.length, 25);
    await page.getByRole("button", { name: "Next page" }).click();
    await comes(page, { after: true });
    await page.getByRole("link", { name: first[0], exact: true }).waitFor({ state: "detached" });
    await settled(page);
    const second = await names(page);
    const copied = page.url();
    await page.goBack();
    await page.getByRole("link", { name: first[0], exact: true }).waitFor();
    assert.equal(param(page, "after"), null);

    await page.getByRole("link", { name: first.at(-2), exact: true }).scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => scrollY);
    assert.ok(before > 0, "the page is scrolled");
    await page.getByRole("link", { name: first.at(-2), exact: true }).click();
    await page.getByRole("heading", { level: 1, name: first.at(-2) }).waitFor();
    assert.equal(await page.evaluate(() => scrollY), 0);
    await page.getByRole("tab", { name: "Jobs" }).click();
    await comes(page, { tab: "jobs" });
    await page.goBack();
    await page.getByRole("tab", { name: "Overview", selected: true }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: first[0], exact: true }).waitFor();
    await page.waitForFunction((y) => Math.abs(scrollY - y) <= 1, before);
    await comes(page, { sort: "NAME", state: "ACTIVE", after: null });
    step("back at the list");
    await page.goBack();
    await comes(page, { sort: "NAME", state: null });
    assert.equal(await page.getByRole("combobox", { name: "State" }).inputValue(), "");
    await page.goBack();
    await comes(page, { sort: null });
    await page.goForward();
    await comes(page, { sort: "NAME" });
    await page.reload();
    await page.locator("th[aria-sort=ascending]").waitFor();

    const search = page.getByRole("textbox", { name: "Search by name" });
    await search.pressSequentially("walked 1");
    await comes(page, { q: "walked 1" });
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await comes(page, { q: "walked 1", desc: "true" });
    await search.fill("walked 2");
    await comes(page, { q: "walked 2" });
    await page.goBack();
    await comes(page, { q: "walked 1", desc: null });
    assert.equal(await search.inputValue(), "walked 1", "the field has what the address has");
    await page.goBack();
    await comes(page, { q: null, sort: null }); // what was typed was no step of its own

    const colleague = { email: "copied@example.com", name: "Copied", password: "nobody guesses this one" };
    await user(graph, url, colleague);
    const other = await (await person()).newPage();
    await signIn(other, { ...colleague, to: copied.slice(url.length) });
    await other.getByRole("link", { name: second[0], exact: true }).waitFor();
    await settled(other);
    assert.deepEqual(await names(other), second);
    step("the copied address");

    await page.goto(`${url}/audit`);
    await opensAsAStep(page, page.getByRole("button", { name: "Create a customer", exact: true }).nth(20));
    step("an entry of the audit");
    await page.goto(`${url}/customers/${await customerOf(graph, "Walked and seen")}`);
    await page.getByRole("tab", { name: "Audit" }).click();
    await comes(page, { tab: "audit" });
    await opensAsAStep(page, page.getByRole("button", { name: "Create a customer", exact: true }));
  },

  "U17: drift is for customers, too, without what is of servers": async ({ person, signIn, graph, url }) => {
    const { customers } = await graph('{ customers(first: 1, filter: { search: "Drifted" }) { nodes { id } } }');
    const { databaseServers } = await graph("{ databaseServers(first: 1) { nodes { id name } } }");
    const { id, name } = databaseServers.nodes[0];
    await surveyTwice(graph, id);
    const member = await memberOf(graph, url, customers.nodes[0].id, "drifting@example.com", "DEVELOPER");
    const page = await (await person({ reducedMotion: "reduce" })).newPage();
    await signIn(page, member);
    const nav = page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Drift" }).waitFor();
    assert.equal(await nav.getByRole("link", { name: "Database servers" }).count(), 0);
    await page.keyboard.press("g");
    await page.keyboard.press("f");
    await page.getByRole("heading", { level: 1, name: "Drift" }).waitFor();
    const found = page.getByRole("row").filter({ hasText: "_drifted" });
    await found.first().waitFor();
    assert.equal(await page.getByRole("columnheader", { name: "Server" }).count(), 0);
    assert.equal(await page.getByRole("combobox", { name: "Server" }).count(), 0);
    assert.ok(!(await page.getByRole("main").innerText()).includes(name));
    const faults = await examine(page, "/drift of a member");
    assert.ok(faults.length === 0, faults.join("\n"));
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${url}/drift?server=${id}`); // what they may not read does not hide theirs
    await found.first().waitFor();
    await found.first().getByRole("link", { name: /_drifted$/ }).click();
    await page.getByRole("heading", { level: 1, name: "drifted" }).waitFor();
    await page.goBack();
    await page.getByRole("button", { name: /^Decide about c\d+_drifted$/ }).first().click();
    await page.getByRole("menuitem", { name: "Leave as it is" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Leave as it is" }).click();
    await dialog.waitFor({ state: "detached" });
    await found.first().getByText("Left as it is").waitFor();
    await page.keyboard.press("Control+k");
    await palette(page).fill("drift");
    await page.getByRole("dialog").getByText("Drift", { exact: true }).waitFor();
  },

  "U2: an empty list takes its filters off, and one of one object says of which": async ({ person, signIn, graph, url }) => {
    const customer = await customerOf(graph, "Chosen");
    const { id } = await databaseOf(graph, customer, "chosen_shop");
    const page = await (await person()).newPage();
    await signIn(page);
    const clear = page.getByRole("button", { name: "Clear filters" });
    for (const [path, filter] of [["/customers", "q=nobody&state=ACTIVE"], ["/databases", "q=nothing"], ["/jobs", "state=STUCK"], ["/users", "q=nobody"], ["/audit", "action=nothing"], ["/drift", "kind=FOREIGN"]]) {
      await page.goto(`${url}${path}?${filter}`);
      await clear.click();
      await page.waitForURL(url + path);
      await clear.waitFor({ state: "detached" });
      for (const field of await page.getByRole("textbox", { name: /^Search by/ }).all()) assert.equal(await field.inputValue(), "", path);
      await page.goBack();
      await clear.waitFor();
    }
    await page.goto(`${url}/jobs?resource=${id}`);
    await rows(page).first().waitFor();
    assert.equal(await rows(page).count(), 1);
    await page.getByRole("button", { name: /^Only: chosen_shop/ }).click();
    await page.waitForURL(`${url}/jobs`);
    await page.waitForFunction(() => document.querySelectorAll("table tbody tr").length > 1);
  },
};
