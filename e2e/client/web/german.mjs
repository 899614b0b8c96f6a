import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { memberOf } from "../users.mjs";
import { customerOf, databaseOf, overOf } from "./parts.mjs";

const sources = new URL("../../../web/src/", import.meta.url);

/** The parts of the app's English texts by which one would know them on a page: what no German text has. */
function english() {
  const files = readdirSync(sources, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !/test\.tsx?$/.test(name));
  const [found, german] = [new Map(), []];
  for (const name of files) {
    const source = readFileSync(new URL(name, sources), "utf8");
    for (const [, en, de] of source.matchAll(/\btexts\(\s*"[\w-]+",\s*\{\s*en: \{([^]*?)\},\s*de: \{([^]*?)\},?\s*\}\s*\)/g)) {
      const read = (text) => Object.fromEntries([...text.matchAll(/(\w+): "((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, JSON.parse(`"${value}"`)]));
      const [one, other] = [read(en), read(de)];
      german.push(...Object.values(other));
      for (const [key, text] of Object.entries(one)) {
        const longest = text.split(/\{\{\w+\}\}/).map((piece) => piece.trim()).sort((a, b) => b.length - a.length)[0];
        if (text !== other[key] && longest.length >= 8) found.set(longest, `${name} ${key}`);
      }
    }
  }
  for (const piece of [...found.keys()]) if (german.some((text) => text.includes(piece))) found.delete(piece);
  return found;
}

/** What is wrong with a page in German: English texts, what is too wide, and what is cut off. */
async function faultsOf(page, pieces) {
  return page.evaluate((pieces) => {
    const faults = [];
    if (document.documentElement.lang !== "de") faults.push(`lang is ${document.documentElement.lang}`);
    const shown = [...document.querySelectorAll("[aria-label],[placeholder],[title]")].flatMap((e) => [e.getAttribute("aria-label"), e.getAttribute("placeholder"), e.getAttribute("title")]);
    const text = [document.body.innerText, document.title, ...shown].join("\n");
    for (const [piece, from] of pieces) {
      for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + 1)) {
        // Within a name such as database.create or create-database it is no text.
        if (/\w[.-]?$/.test(text.slice(Math.max(0, at - 2), at)) || /^[.-]?\w/.test(text.slice(at + piece.length))) continue;
        faults.push(`English: ${piece} (${from})`);
        break;
      }
    }
    for (const box of [document.documentElement, ...document.querySelectorAll("[role=dialog]")]) {
      if (box.scrollWidth > box.clientWidth + 1) faults.push(`${box.getAttribute("role") ?? "the page"} is ${box.scrollWidth - box.clientWidth} pixels too wide`);
    }
    for (const e of document.querySelectorAll("button, button *, [role=tab] *, th *, label, legend, .mantine-Badge-label")) {
      const look = getComputedStyle(e);
      if (e.clientWidth > 4 && e.scrollWidth > e.clientWidth + 1 && look.overflowX !== "visible" && look.overflowX !== "auto") faults.push(`cut off: ${e.textContent}`);
    }
    return [...new Set(faults)];
  }, pieces);
}

const settled = (page) => page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);

const headings = {
  "/": "Übersicht", "/customers": "Kunden", "/databases": "Datenbanken", "/jobs": "Aufträge", "/users": "Benutzer", "/servers": "Datenbankserver", "/drift": "Abweichungen", "/audit": "Protokoll",
  "/security": "Sicherheit", "/settings": "Einstellungen", "/jobs/bm90aGluZw": "Hier ist nichts",
};
const account = ["/sign-in", "/sign-up", "/forgot-password", "/reset-password#token", "/verify-email#token", "/invitation#token", "/setup#token"];

/** What opens on top of a page, by the page and the name of what opens it. */
const openers = [
  ["/customers", "Kunden anlegen"], ["/databases", "Datenbank anlegen"], ["/users", "Benutzer einladen"], ["/security", "Neues API-Token"], ["/security", "Passwort ändern"], ["/security", "Einrichten"],
  ["/servers", "Server eintragen"], ["/", /^Meldungen/], ["/", /^Suchen/], ["/", /^Kontomenü/],
];

export const tests = {
  "U40: every page in German: no English text, nothing too wide, nothing cut off": async ({ person, graph, shot, step, url, email, password }) => {
    const pieces = [...english()];
    assert.ok(pieces.length > 300, `only ${pieces.length} texts were found`);
    const customer = await customerOf(graph, "Müller & Söhne", { company: "Donaudampfschifffahrtsgesellschaft mbH", country: "DE", quotas: [{ name: "DATABASES", max: "3" }] });
    await customerOf(graph, "Unterkunde", { parentId: customer });
    const { id: database, job } = await databaseOf(graph, customer, "lager_und_versand");
    await memberOf(graph, url, customer, "mitglied@example.com");
    await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email: "eingeladen@example.com", name: "Eingeladen", customerId: customer, customerRole: "READ_ONLY" } });
    const second = await databaseOf(graph, customer, "gesperrt");
    const { suspendDatabase } = await graph("mutation ($input: SuspendDatabaseInput!) { suspendDatabase(input: $input) { job { id } } }", { input: { id: second.id, reason: "Die Rechnung ist offen." } });
    await overOf(graph, suspendDatabase.job.id);
    const third = await databaseOf(graph, customer, "geht_bald");
    const { deleteDatabase } = await graph("mutation ($input: DeleteDatabaseInput!) { deleteDatabase(input: $input) { job { id } } }", { input: { id: third.id, graceSeconds: 86_400 } });
    const { users, databaseServers, auditEvents } = await graph("{ users(first: 1) { nodes { id } } databaseServers(first: 1) { nodes { id } } auditEvents(first: 1) { nodes { id } } }");
    const details = [
      `/customers/${customer}`, `/databases/${database}`, `/databases/${second.id}`, `/databases/${third.id}`, `/jobs/${job}`, `/jobs/${deleteDatabase.job.id}`,
      `/users/${users.nodes[0].id}`, `/servers/${databaseServers.nodes[0].id}`, `/audit?event=${auditEvents.nodes[0].id}`,
    ];
    const faults = [];
    const look = async (page, name) => {
      for (const fault of await faultsOf(page, pieces)) faults.push(`${name}: ${fault}`);
      await shot(page, `de-${name.replaceAll(/[^\w]+/g, "-")}`);
      step(name);
    };
    for (const width of [1280, 390]) {
      const page = await (await person({ locale: "de-DE", viewport: { width, height: 900 } })).newPage();
      for (const path of account) {
        await page.goto("about:blank"); // another # alone is no other page
        await page.goto(url + path);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        await settled(page);
        await look(page, `${width} ${path}`);
      }
      await page.goto(`${url}/sign-in`);
      await page.getByLabel("E-Mail-Adresse").fill(email);
      await page.getByRole("textbox", { name: "Passwort" }).fill(password);
      await page.getByRole("button", { name: "Anmelden", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
      for (const path of [...Object.keys(headings), ...details]) {
        await page.goto(url + path);
        await page.getByRole("heading", { level: 1, name: headings[path] }).first().waitFor();
        if (/^\/(customers|databases)\/./.test(path)) await page.getByRole("tab", { name: "Einstellungen" }).waitFor();
        await settled(page);
        const tabs = page.getByRole("tablist").first().getByRole("tab");
        const count = await tabs.count();
        for (let i = 0; i < Math.max(1, count); i++) {
          if (count > 0) await tabs.nth(i).click();
          await settled(page);
          await look(page, `${width} ${path.replace(/(?<=\/).{20,}/, "one")}${count > 0 ? ` ${i}` : ""}${path.includes("?") ? " entry" : ""}${path.length > 40 ? ` ${details.indexOf(path)}` : ""}`);
        }
      }
      for (const [path, name] of openers) {
        await page.goto(url + path);
        await page.getByRole("heading", { level: 1, name: headings[path] }).waitFor();
        await settled(page);
        await page.getByRole("button", { name }).first().click();
        await page.getByRole("dialog").or(page.getByRole("menu")).first().waitFor();
        await settled(page);
        await look(page, `${width} ${path} ${name}`);
      }
    }
    assert.deepEqual(faults, []);
  },
};
