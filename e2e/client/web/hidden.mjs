import assert from "node:assert/strict";
import { customerOf, databaseOf, overOf, shownLog, toldLog } from "./parts.mjs";

export const tests = {
  "U38: a job's page that was hidden and frozen for a minute has its whole log when it is shown again": async ({ person, signIn, graph, step }) => {
    const database = await databaseOf(graph, await customerOf(graph, "Hidden"), "hidden");
    const { deleteDatabase } = await graph("mutation ($input: DeleteDatabaseInput!) { deleteDatabase(input: $input) { job { id } } }", { input: { id: database.id, graceSeconds: 90 } });
    const { id } = deleteDatabase.job;
    const context = await person();
    const page = await context.newPage();
    await signIn(page, { to: `/jobs/${id}` });
    const log = page.getByRole("log");
    await log.getByText("step.started").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel", exact: true }).isEnabled(), true, "it can be cancelled while its database is kept");
    const before = (await shownLog(page)).length;

    // A browser without windows hides nothing: so the page is told that it is hidden, and
    // nothing of it runs, no timer and no event of its socket, as in a tab that was frozen.
    const show = (hidden) => page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await show(true);
    await page.evaluate(() => {
      window.__longest = 0;
      let last = Date.now();
      setInterval(() => {
        window.__longest = Math.max(window.__longest, Date.now() - last);
        last = Date.now();
      }, 200);
    });
    const debug = await context.newCDPSession(page);
    const frozen = new Promise((go) => debug.once("Debugger.paused", go));
    await debug.send("Debugger.enable");
    await debug.send("Debugger.pause");
    await frozen;
    const hidden = Date.now();
    for (let state = null; state === null; ) {
      state = await Promise.race([overOf(graph, id), new Promise((go) => setTimeout(go, 20_000, null))]);
      step(state ?? "the job is not over");
    }
    assert.ok(Date.now() - hidden > 40_000, "it was hidden for long");
    await debug.send("Debugger.resume");
    await debug.send("Debugger.disable");
    await show(false);
    await log.getByText("job.succeeded").waitFor();
    const stood = await page.waitForFunction(() => window.__longest > 1_000 && window.__longest).then((found) => found.jsonValue());
    assert.ok(stood > 40_000, `the page stood still for ${stood} ms`);
    const told = await toldLog(graph, id);
    assert.ok(told.length > before + 2, "something has happened meanwhile");
    assert.deepEqual(await shownLog(page), told, "each event once, and in order");
    await page.locator("[data-state=SUCCEEDED]").first().waitFor();
    for (const name of ["Cancel", "Try again"]) assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true, `${name} is not for a job that has succeeded`);
    await page.reload();
    await log.getByText("job.succeeded").waitFor();
    assert.deepEqual(await shownLog(page), told, "a permalink");
  },
};
