import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { settled } from "./examine.mjs";
import { customerOf, databaseOf } from "./parts.mjs";

/** The longest that a page waits between two tries, in ms; see web/src/gql/socket.ts. */
const longest = 10_000;

/**
 * Has the panel end a stream by a mistake of its own while `broken` says so; everything else
 * that goes over the line does so as it is. It gives how often that was, and waits for it.
 */
async function breakStream(page, field, broken) {
  let times = 0;
  let heard = () => {};
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    const panel = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, id, payload } = JSON.parse(String(message));
      if (type === "ping") return socket.send(JSON.stringify({ type: "pong" })); // at once: the page's clock leaps, and would take it for late
      if (type !== "subscribe" || !payload.query.includes(`${field}(`) || !broken()) return panel.send(message);
      socket.send(JSON.stringify({ type: "error", id, payload: [{ message: "That was a mistake.", extensions: { code: "INTERNAL" } }] }));
      times++;
      heard();
    });
  });
  return {
    times: () => times,
    /** The page has heard of it, so that it waits for its next try. */
    async until(n) {
      while (times < n) await new Promise((go) => (heard = go));
      await page.evaluate(() => new Promise((go) => queueMicrotask(go)));
    },
  };
}

export const tests = {
  "U7: a stream that ends by a mistake again and again stops, says so also in a drawer, and goes on when told so": async ({ person, signIn, graph, shot, step }) => {
    const customer = await customerOf(graph, "Stopped");
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await page.clock.install(); // nobody waits for the pauses: they are passed
    let broken = true;
    const stream = await breakStream(page, "notifications", () => broken);
    await signIn(page, { to: "/databases" });
    for (let tries = 1; tries <= 6; tries++) {
      await stream.until(tries);
      await page.getByText(/^Reconnecting/).waitFor();
      await page.clock.fastForward(longest);
      step(`try ${tries}`);
    }
    await stream.until(7);
    const main = page.getByRole("main");
    await main.getByText("Live updates have stopped. What you see may be old.").waitFor();
    await page.clock.fastForward(longest);
    assert.equal(stream.times(), 7, "it is not tried by itself any more");
    await shot(page, "stopped");

    await by.press("button", /^Notifications/);
    const drawer = page.getByRole("dialog", { name: "Notifications" });
    await drawer.getByText("Live updates have stopped. What you see may be old.").waitFor();
    await settled(page);
    await shot(page, "stopped-drawer");
    await by.press("button", "Try again", { within: drawer });
    await stream.until(8);
    await drawer.and(page.locator(":focus")).waitFor();
    await drawer.getByText(/^Reconnecting/).waitFor();
    broken = false;
    await page.clock.fastForward(longest);
    await drawer.getByText(/Live updates have stopped|Reconnecting/).waitFor({ state: "detached" });
    assert.equal(stream.times(), 8);

    // What is told now comes by itself.
    await databaseOf(graph, customer, "after");
    await drawer.getByText("Done: Create a database · after").waitFor();
    await by.keys("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(await main.getByText(/Live updates have stopped|Reconnecting/).count(), 0);
  },
};
