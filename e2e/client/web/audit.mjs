import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { customerOf } from "./parts.mjs";

const table = (page) => page.getByRole("region", { name: "Audit log" });
/** The rows as they are shown: action, who, object. */
const rows = (page) => table(page).evaluate((all) => [...all.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText)));

/** Waits until the table shows as many rows as that, and all of them have a text. */
async function settled(page, count, text) {
  await page.waitForFunction(
    ([count, text]) => {
      const all = [...document.querySelectorAll('section[aria-label="Audit log"] tbody tr')].map((row) => row.innerText);
      return (count === undefined ? all.length > 0 : all.length === count) && all.every((row) => row.includes(text));
    },
    [count, text],
  );
}

export const tests = {
  "U40: filters by who, action, object, address and date stand in the address; export has the same": async ({ person, signIn, graph, shot, url }) => {
    const customer = await customerOf(graph, "Filtered");
    await customerOf(graph, "Beside");
    await graph("mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id } } }", { input: { id: customer, name: "Filtered & Sons" } });
    const context = await person();
    const page = await context.newPage();
    await signIn(page, { to: "/audit" });
    await table(page).getByText("customer.update").first().waitFor();

    await page.getByRole("textbox", { name: "Action" }).or(page.getByRole("combobox", { name: "Action" })).first().pressSequentially("customer.create", { delay: 60 });
    await page.waitForURL(/action=customer\.create/);
    assert.equal(await page.evaluate(() => document.activeElement?.value), "customer.create", "nobody is interrupted while typing");
    await settled(page, 2, "customer.create");
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await table(page).getByText("customer.update").first().waitFor();

    await page.getByRole("textbox", { name: "Address or network" }).fill("198.51.100.");
    await page.getByText("Such as 203.0.113.7").waitFor();
    await page.getByRole("textbox", { name: "Address or network" }).fill("198.51.100.7");
    await page.waitForURL(/ip=198\.51\.100\.7/);
    await page.getByText("No entry is like this").waitFor();
    await page.getByRole("textbox", { name: "Address or network" }).fill("127.0.0.1");
    await page.waitForURL(/ip=127\.0\.0\.1/);
    await table(page).getByText("customer.update").first().waitFor();
    await page.reload();
    await table(page).getByText("customer.update").first().waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Address or network" }).inputValue(), "127.0.0.1");

    // By the entry itself: what was before and after, and more of the same object.
    await table(page).getByRole("button", { name: "Change a customer" }).first().click();
    const entry = page.getByRole("dialog", { name: "Entry of the audit log" });
    const difference = entry.getByRole("table", { name: "What changed" }).locator("tr[data-change=changed]").filter({ hasText: "name" });
    assert.deepEqual((await difference.innerText()).split(/\s*\t\s*/).slice(1).map((text) => text.trim()), ["name", "Filtered", "Filtered & Sons"]);
    await shot(page, "audit-entry");
    await entry.getByRole("button", { name: "More of this object" }).click();
    await entry.waitFor({ state: "detached" });
    await page.waitForURL(/object=/);
    await settled(page, 2, "customer.");
    const filtered = page.url();
    const other = await context.newPage(); // the address alone says it all
    await other.goto(filtered);
    await settled(other, 2, "customer.");

    const { viewer } = await graph("{ viewer { user { id } } }");
    const at = (await graph("{ auditEvents(first: 1, filter: { action: \"customer.update\" }) { nodes { at } } }")).auditEvents.nodes[0].at;
    await page.goto(`${filtered}&actor=${viewer.user.id}&from=${encodeURIComponent(at)}`);
    await settled(page, 1, "customer.update");
    await page.goto(`${filtered}&to=${encodeURIComponent(at)}`);
    await settled(page, 1, "customer.create");

    for (const [item, kind] of [["As CSV", "csv"], ["As JSON lines", "json"]]) {
      await page.getByRole("button", { name: "Export" }).click();
      const download = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: item }).click();
      const file = await download;
      assert.equal(file.suggestedFilename(), `audit.${kind}`);
      const lines = readFileSync(await file.path(), "utf8").trim().split(/\r?\n/).slice(kind === "csv" ? 1 : 0);
      assert.equal(lines.length, 1, `${kind} has what is shown`);
      assert.match(lines[0], /customer\.create/);
      if (kind === "json") assert.equal(JSON.parse(lines[0]).ip, "127.0.0.1");
    }
    assert.equal(await page.getByRole("button", { name: /^(Edit|Delete|Change)/ }).count(), 0, "entries are not changed");
  },

  "U40: the tail is live, with filters too, and waits while it is paused": async ({ person, signIn, graph }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/audit?action=customer.create" });
    await page.getByText("Live", { exact: true }).waitFor();
    const first = await customerOf(graph, "Tail one");
    await table(page).getByText("Tail one").first().waitFor();
    await graph("mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id } } }", { input: { id: first, name: "Tail uno" } });
    await customerOf(graph, "Tail two");
    await table(page).getByText("Tail two").first().waitFor();
    assert.ok((await rows(page)).every((row) => row.join().includes("customer.create")), "what does not fit is not shown");
    await page.getByRole("button", { name: "Pause" }).click();
    const held = await rows(page);
    await customerOf(graph, "Tail three");
    await page.getByText("1 new entry waits.").waitFor();
    assert.deepEqual((await rows(page)).map((row) => row[3]), held.map((row) => row[3]));
    await page.getByRole("button", { name: "Go on" }).click();
    await table(page).getByText("Tail three").first().waitFor();
  },

  "U40: language, time zone and theme hold at once and after a reload; staff are told the version": async ({ person, signIn, graph, shot }) => {
    const page = await (await person({ colorScheme: "light", timezoneId: "Europe/Berlin" })).newPage();
    await signIn(page, { to: "/settings" });
    const about = page.getByRole("region", { name: "About MPanel" });
    const { panel } = await graph("{ panel { version } }");
    await about.getByText(panel.version, { exact: true }).waitFor();
    await page.getByRole("radio", { name: "Dark" }).check();
    const scheme = () => page.evaluate(() => document.documentElement.getAttribute("data-mantine-color-scheme"));
    assert.equal(await scheme(), "dark");
    const zone = page.getByRole("combobox", { name: "Time zone" }).or(page.getByRole("textbox", { name: "Time zone" })).first();
    await zone.fill("Asia/Tokyo");
    await page.getByRole("option", { name: "Asia/Tokyo" }).click();
    const there = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "Asia/Tokyo" }).format(new Date());
    await page.getByText(`There it is ${there}`).waitFor();
    await page.getByRole("combobox", { name: "Language of the pages" }).or(page.getByRole("textbox", { name: "Language of the pages" })).first().click();
    await page.getByRole("option", { name: "Deutsch" }).click();
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    await shot(page, "settings-de");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    assert.equal(await scheme(), "dark");
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.equal(await page.getByRole("combobox", { name: "Zeitzone" }).or(page.getByRole("textbox", { name: "Zeitzone" })).first().inputValue(), "Asia/Tokyo");
  },
};
