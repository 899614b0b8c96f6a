import assert from "node:assert/strict";
import { customerOf, databaseOf, overOf, shownLog, toldLog } from "./parts.mjs";

const remove = "mutation ($input: DeleteDatabaseInput!) { deleteDatabase(input: $input) { job { id } } }";

const soon = { timeout: 1_000 };

/** The entries of the audit from the top with their codes, as the page has them, and as many as the panel has. */
const shownAudit = (page) => page.getByRole("region", { name: "Audit log" }).evaluate((table) => [...table.querySelectorAll("tbody tr")].map((row) => `${row.querySelector("time").dateTime} ${row.querySelector("button").parentElement.lastElementChild.textContent}`), undefined, soon);
async function toldAudit(graph) {
  const { auditEvents } = await graph('{ auditEvents(first: 100, filter: { exceptActions: ["session.refresh"] }) { nodes { at action } } }');
  return auditEvents.nodes.map(({ at, action }) => `${at} ${action}`);
}

const toldNotices = async (graph) =>
  (await graph("{ viewer { notifications(first: 30) { nodes { kind object { ... on Job { kind resource { ... on Database { name } } } } } unreadCount } } }")).viewer.notifications;

/** As the drawer says the end of a job that makes or deletes a database. */
const saidOf = ({ kind, object: job }) => {
  assert.equal(kind, "JOB_SUCCEEDED");
  const title = { "database.create": "Create a database", "database.delete": "Delete a database" }[job.kind];
  return `Done: ${[title, job.resource?.name].filter(Boolean).join(" · ")}`;
};

/** Tries until both are the same, and says what is not. */
async function same(shown, told, what) {
  for (const begin = Date.now(); ; ) {
    const [a, b] = [await shown().catch(String), await told()];
    if (JSON.stringify(a) === JSON.stringify(b) || Date.now() - begin > 30_000) return assert.deepEqual(a, b, what);
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** The widest stretch of a chart of two minutes in which nothing is drawn, between two in which something is; in seconds. */
const widestGap = (page, title) =>
  page.locator("figure", { hasText: title }).evaluate((figure) => {
    const [canvas, over] = [figure.querySelector("canvas"), figure.querySelector(".u-over")];
    const scale = canvas.width / canvas.clientWidth;
    const [left, top, width, height] = [over.offsetLeft, over.offsetTop, over.clientWidth, over.clientHeight].map((n) => Math.round(n * scale));
    const { data } = canvas.getContext("2d").getImageData(left, top, width, height);
    let [last, widest] = [-1, 0];
    for (let x = 0; x < width; x++) {
      let drawn = false;
      for (let y = 0; y < height && !drawn; y++) {
        const at = (y * width + x) * 4;
        const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
        drawn = data[at + 3] > 20 && Math.max(r, g, b) - Math.min(r, g, b) > 60; // what is no series is grey
      }
      if (drawn) {
        if (last >= 0) widest = Math.max(widest, x - last - 1);
        last = x;
      }
    }
    return (widest / width) * 120;
  });

/**
 * Has the line cut in some way while jobs go on, notifications come and entries are
 * written, for as long as a database waits for its end, and looks whether everything is
 * there afterwards, once and in order, on pages that were open all the time.
 */
async function endures(name, seconds, { person, signIn, graph, forgive, shot, step, line, url }, cut) {
  await line("whole"); // whatever the test before has left
  const customer = await customerOf(graph, `Cut ${name}`);
  const [first, second] = [await databaseOf(graph, customer, "first"), await databaseOf(graph, customer, "second")];
  const context = await person();
  const [dashboard, log, later, audit] = [await context.newPage(), await context.newPage(), await context.newPage(), await context.newPage()];
  await signIn(dashboard);
  await dashboard.locator("main canvas").first().waitFor();
  await audit.goto(`${url}/audit`);
  await same(() => shownAudit(audit), async () => (await toldAudit(graph)).slice(0, 25), "the audit before");

  // One job that is over while the line is cut, and one soon after.
  const [meanwhile, after] = [
    (await graph(remove, { input: { id: first.id, graceSeconds: seconds } })).deleteDatabase.job.id,
    (await graph(remove, { input: { id: second.id, graceSeconds: seconds + 12 } })).deleteDatabase.job.id,
  ];
  for (const [page, id] of [[log, meanwhile], [later, after]]) {
    await page.goto(`${url}/jobs/${id}`);
    await page.getByRole("log").getByText("step.started").first().waitFor();
  }
  for (let i = 0; i < 3; i++) await customerOf(graph, `${name} before ${i}`); // which the tail shows live
  await same(async () => (await shownAudit(audit)).slice(0, 3), async () => (await toldAudit(graph)).slice(0, 3), "the tail before");
  const begin = Date.now();
  step(`${name}: the line will be cut`);

  let made = 0;
  await cut({
    /** Does much that the pages would be told, and gives when it is done. */
    async much() {
      const jobs = [];
      for (let i = 0; i < 8; i++) {
        await customerOf(graph, `${name} meanwhile ${made}`);
        const { createDatabase } = await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { job { id } } }", { input: { customerId: customer, name: `made_${made++}` } });
        jobs.push(createDatabase.job.id);
      }
      for (const id of jobs) assert.equal(await overOf(graph, id), "SUCCEEDED");
      step(`${name}: ${made} databases were made`);
    },
    /** Waits until the job that ends in the cut is over. */
    async end() {
      for (let state = null; state === null; ) {
        state = await Promise.race([overOf(graph, meanwhile), new Promise((go) => setTimeout(go, 20_000, null))]);
        step(`${name}: ${state ?? "the line is still cut"}`);
      }
    },
    /** Waits until all pages say that they are not live. */
    async noticed() {
      for (const page of [dashboard, log, later, audit]) await page.getByText(/Reconnecting|does not answer/).first().waitFor();
      step(`${name}: all pages say so`);
    },
  });
  const lasted = (Date.now() - begin) / 1000;
  await line("whole");
  for (const page of [dashboard, log, later, audit]) await page.getByText(/Reconnecting|does not answer/).first().waitFor({ state: "detached", timeout: 45_000 });
  step(`${name}: the line is whole again after ${lasted} s`);
  for (let i = 0; i < 3; i++) await customerOf(graph, `${name} after ${i}`);
  assert.equal(await overOf(graph, after), "SUCCEEDED");
  step(`${name}: the second job is over`);

  await same(() => shownLog(log, soon), () => toldLog(graph, meanwhile), "the log of what was over meanwhile");
  await same(() => shownLog(later, soon), () => toldLog(graph, after), "the log of what was over later");
  await log.locator("[data-state=SUCCEEDED]").first().waitFor();
  let shown = [];
  await same(async () => (shown = await shownAudit(audit)), async () => (await toldAudit(graph)).slice(0, Math.max(shown.length, made * 2 + 3)), "the audit");
  await shot(audit, `line-${name}-audit`);

  const { unreadCount } = await toldNotices(graph);
  await dashboard.getByRole("button", { name: `Notifications: ${unreadCount} new` }).click();
  const drawer = dashboard.getByRole("dialog", { name: "Notifications" });
  await same(
    () => drawer.locator("[data-level]").evaluateAll((all) => all.map((one) => one.firstChild.textContent)), async () => (await toldNotices(graph)).nodes.map(saidOf), "the drawer",
  );
  await shot(dashboard, `line-${name}-drawer`);
  await dashboard.keyboard.press("Escape");
  for (const chart of ["Processor", "Memory"]) {
    const gap = await widestGap(dashboard, chart);
    assert.ok(gap > 0.7 * lasted - 4 && gap < lasted + 20, `${chart} has a gap of ${gap} s for a line that was cut for ${lasted} s`);
  }
  await shot(dashboard, `line-${name}-charts`);
  forgive(/ERR_|WebSocket|Failed to fetch/);
}

/** Has the line cut once half of an entry of the audit has come, whose entries this makes. */
async function halved({ graph, line, step }) {
  let cut = false;
  const half = line("half?of=auditFeed").then(() => (cut = true));
  for (let i = 0; !cut; i++) {
    await customerOf(graph, `half a frame ${i}`);
    await Promise.race([half, new Promise((go) => setTimeout(go, 2_000))]);
  }
  step("half a frame has come");
}

export const tests = {
  "U7: a line that is cut for a minute": async (t) => {
    await endures("reset", 60, t, async ({ much, end, noticed }) => {
      await t.line("dead");
      await noticed();
      await much();
      await end();
    });
  },

  "U7: half a frame has come, and then nothing any more": async (t) => {
    await endures("half", 12, t, async ({ much, end, noticed }) => {
      await halved(t);
      await noticed();
      await much();
      await end();
    });
  },

  "U7: cut, whole for a moment, and cut again": async (t) => {
    await endures("twice", 12, t, async ({ much, end, noticed }) => {
      await t.line("dead");
      await noticed();
      await much();
      const half = halved(t); // in the middle of what was missed, or soon after
      await t.line("whole");
      await half;
      await noticed();
      await much();
      await end();
    });
  },

  "U7: the panel is another one when the line is whole again": async (t) => {
    await endures("restart", 12, t, async ({ much, end, noticed }) => {
      await t.line("dead");
      await noticed();
      await much();
      t.restart();
      await away(t.graph, true);
      await away(t.graph, false);
      await much();
      await end();
    });
  },

  "U7: the pages say so for no longer than the line is cut, also when nothing happens then": async ({ person, signIn, forgive, line }) => {
    await line("whole");
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    await page.getByRole("heading", { level: 1, name: "Customers" }).waitFor();
    await line("dead");
    await page.getByRole("textbox", { name: /^Search by/ }).fill("asked while it is cut");
    await page.getByText(/does not answer/).first().waitFor();
    await line("whole");
    await page.getByText(/Reconnecting|does not answer/).first().waitFor({ state: "detached", timeout: 45_000 });
    await page.getByText("No customer is like this").waitFor();
    forgive(/ERR_|WebSocket|Failed to fetch/);
  },
};

/** Waits until the panel is away, or there again. */
async function away(graph, wanted) {
  for (let i = 0; i < 600; i++) {
    const is = await graph("{ rateLimit { remaining } }").then(() => false, () => true);
    if (is === wanted) return;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(wanted ? "the panel never was away" : "the panel does not come back");
}
