import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { customerOf, databaseOf, overOf } from "./parts.mjs";

const title = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** Waits until what opened a dialog has the focus again, and nothing is in front of it. */
async function back(by, dialog, role, name, where) {
  await dialog.waitFor({ state: "detached" });
  await by.has(role, name, where);
}

/** Somebody with a keyboard alone at a page of the app. */
async function at(person, signIn, to) {
  const page = await (await person({ acceptDownloads: true })).newPage();
  const by = await keyboardOf(page);
  await signIn(page, { to });
  return { page, by };
}

/** What cuts off a piece of the outline of what has the focus. */
function cutBy() {
  const e = document.activeElement;
  const [style, box] = [getComputedStyle(e), e.getBoundingClientRect()];
  const room = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
  for (let around = e.parentElement; around !== document.body; around = around.parentElement) {
    if (getComputedStyle(around).overflow === "visible") continue;
    const of = around.getBoundingClientRect();
    if (box.top - room < of.top || box.bottom + room > of.bottom || box.left - room < of.left || box.right + room > of.right) return around.className;
  }
  return "";
}

export const tests = {
  "by keyboard: a user of a database is made, changed, given another password and deleted": async ({ person, signIn, graph, step }) => {
    const { id } = await databaseOf(graph, await customerOf(graph, "Users of it"), "used");
    const { page, by } = await at(person, signIn, `/databases/${id}?tab=users`);
    await by.press("button", "Add a user");
    const add = page.getByRole("dialog", { name: "Add a user" });
    await by.has("textbox", "Name", { within: add });
    await by.type("reader");
    await by.press("button", "Add a user", { within: add });
    await add.getByText("Succeeded", { exact: true }).waitFor();
    await by.keys("Escape"); // it is not left like this
    await by.press("button", "I have saved it", { within: add });
    await add.waitFor({ state: "detached" });
    await by.somewhere();
    step("made");

    await by.press("button", "Change reader");
    const change = page.getByRole("dialog", { name: "Change reader" });
    await by.to("radio", "Reads", { within: change });
    await by.keys("ArrowDown");
    await by.press("button", "Save", { within: change });
    await change.getByText("Succeeded", { exact: true }).waitFor();
    await by.keys("Escape");
    await back(by, change, "button", "Change reader");
    await page.getByRole("cell", { name: "Reads and writes" }).waitFor();
    step("changed");

    await by.press("button", "Give reader another password");
    const rotate = page.getByRole("dialog", { name: "Give reader another password" });
    await by.press("button", "Rotate the password", { within: rotate });
    await rotate.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "I have saved it", { within: rotate });
    await back(by, rotate, "button", "Give reader another password");

    await by.press("button", "Delete reader");
    const remove = page.getByRole("dialog", { name: "Delete reader" });
    await by.write("Type reader to confirm", "reader", { within: remove });
    await by.press("button", "Delete the user", { within: remove });
    await remove.getByText("Succeeded", { exact: true }).waitFor();
    await by.keys("Escape");
    await remove.waitFor({ state: "detached" });
    await page.getByText("The database has its own login").waitFor();
    await by.somewhere();
  },

  "by keyboard: a database is exported, its dump fetched, sent again and loaded, and a clone is made": async ({ person, signIn, graph, step }) => {
    const { id } = await databaseOf(graph, await customerOf(graph, "Dumps of it"), "dumped");
    const { page, by } = await at(person, signIn, `/databases/${id}?tab=dumps`);
    await by.press("button", "Export");
    const order = page.getByRole("dialog", { name: "Export dumped" });
    await by.press("button", "Export", { within: order });
    await order.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "Make a download link", { within: order });
    await by.to("link", "Download the dump", { within: order });
    assert.equal(await page.evaluate(cutBy), "", "what cuts off the outline of the link");
    const fetched = page.waitForEvent("download");
    await by.keys("Enter");
    const dump = await (await fetched).path();
    await by.keys("Tab", "Tab"); // past the button that copies the link
    await by.has("button", "Close", { within: order });
    await by.keys("Enter");
    await order.waitFor({ state: "detached" });
    await by.somewhere();
    step("exported");

    await by.press("button", "Upload a dump");
    const upload = page.getByRole("dialog", { name: "Upload a dump" });
    const asked = page.waitForEvent("filechooser");
    await by.press("button", "File", { within: upload });
    await (await asked).setFiles(dump);
    await by.press("button", "Upload", { within: upload });
    const load = page.getByRole("dialog", { name: "Load a dump into dumped" });
    await by.press("checkbox", "Replace what is there", { within: load, key: "Space" });
    await by.write("Type dumped to confirm", "dumped", { within: load });
    await by.press("button", "Load into the database", { within: load });
    await load.getByText("Succeeded", { exact: true }).waitFor();
    await by.keys("Escape");
    await load.waitFor({ state: "detached" });
    await by.somewhere();
    step("loaded");

    await by.to("tab", "Dumps");
    await by.keys("ArrowRight", "ArrowRight");
    await by.has("tab", "Settings");
    await by.press("button", "Clone");
    const clone = page.getByRole("dialog", { name: "Clone dumped" });
    await by.has("textbox", "Name of the clone", { within: clone });
    await by.type("cloned");
    await by.press("button", "Clone", { within: clone });
    await clone.getByText("Succeeded", { exact: true }).waitFor();
    await by.press("button", "I have saved it", { within: clone });
    await title(page, "cloned");
  },

  "by keyboard: a job is canceled, and tried again": async ({ person, signIn, graph }) => {
    const { id } = await databaseOf(graph, await customerOf(graph, "Canceled"), "kept");
    const { deleteDatabase } = await graph("mutation ($input: DeleteDatabaseInput!) { deleteDatabase(input: $input) { job { id } } }", { input: { id, graceSeconds: 3600 } });
    const { page, by } = await at(person, signIn, `/jobs/${deleteDatabase.job.id}`);
    await by.press("button", "Cancel");
    await page.locator("[data-state=CANCELED]").first().waitFor();
    await by.somewhere();
    await by.press("button", "Try again");
    await page.locator("[data-state=RUNNING], [data-state=WAITING]").first().waitFor();
    await by.somewhere();
    const again = new URL(page.url()).pathname.split("/").pop();
    await graph("mutation ($input: CancelJobInput!) { cancelJob(input: $input) { job { id } } }", { input: { id: again } });
    assert.equal(await overOf(graph, again), "CANCELED");
  },

  "by keyboard: a server is compared, what differs there is repaired, and another server is registered": async ({ person, signIn, step }) => {
    const { page, by } = await at(person, signIn, "/servers");
    await by.press("link", "local", { within: page.getByRole("main") });
    await title(page, "local");
    await by.press("button", "Compare now");
    await page.getByRole("status").filter({ hasText: "The server is compared." }).waitFor();
    await by.has("button", "Compare now");
    await by.press("link", "See what differs");
    await title(page, "Drift");
    const decide = /^Decide about c\d+_drifted$/;
    await by.press("button", decide);
    await page.locator("[role=menu]:focus, [role=menu] :focus").waitFor({ state: "attached" });
    await by.press("menuitem", "Repair", { by: "ArrowDown" });
    const repair = page.getByRole("dialog", { name: /^Repair: c\d+_drifted$/ });
    await repair.getByRole("listitem").first().waitFor(); // the steps that would be taken
    await by.press("button", "Repair", { within: repair });
    await repair.waitFor({ state: "detached" });
    await by.somewhere();
    await page.getByRole("row").filter({ hasText: "_drifted" }).locator("[data-state=SUCCEEDED]").or(page.getByText(/^No finding is like this|^Nothing differs/)).first().waitFor();
    step("repaired");

    await by.press("link", "Database servers", { by: "Shift+Tab", most: 80 });
    await title(page, "Database servers");
    await by.press("button", "Register server", { within: page.getByRole("main") });
    const register = page.getByRole("dialog", { name: "Register server" });
    await by.has("textbox", "Name", { within: register });
    await by.type("second");
    await by.press("button", "Register server", { within: register });
    await register.locator("[aria-invalid=true]:focus").waitFor(); // it has no host yet
    await by.write("Host", "127.0.0.1", { within: register, by: "Shift+Tab" });
    await by.write("Port", "1", { within: register });
    await by.write("Admin role", "nobody", { within: register });
    await by.write("Its password", "canary of a server", { within: register });
    await by.press("button", "Register server", { within: register });
    await title(page, "second");
    await page.getByText("Not reachable").first().waitFor();
  },
};
