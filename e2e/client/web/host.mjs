import assert from "node:assert/strict";

const figure = (page, title) => page.locator("figure", { hasText: title });
/** What is drawn of a chart right now. */
const picture = (page, title) => figure(page, title).locator("canvas").evaluate((canvas) => canvas.toDataURL());

/** Waits until a chart is drawn another way. */
async function drawnAnew(page, title, before) {
  await page.waitForFunction(
    ([title, before]) => [...document.querySelectorAll("figure")].find((one) => one.textContent.includes(title)).querySelector("canvas").toDataURL() !== before,
    [title, before],
  );
}

export const tests = {
  "U35: the host's charts go on each second, have one cursor, another window, and stand still when told so": async ({ person, signIn, shot, step }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    await figure(page, "Processor").locator("canvas").waitFor();
    // Each second: the words beside it, and what is drawn.
    await page.waitForFunction(() => /\d/.test(document.querySelector("figure figcaption span").textContent));
    let begin = 0;
    for (let i = 0; i <= 5; i++) {
      const before = await picture(page, "Processor");
      await drawnAnew(page, "Processor", before);
      if (i === 0) begin = Date.now();
    }
    const each = (Date.now() - begin) / 5;
    assert.ok(each < 2_500, `drawn anew every ${each} ms`);
    step(`each ${Math.round(each)} ms`);

    // The cursor of one is that of all, at the same time.
    const over = figure(page, "Processor").locator(".u-over");
    const box = await over.boundingBox();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2);
    const shares = await page.evaluate(() => [...document.querySelectorAll("figure")].map((one) => {
      const [all, line] = [one.querySelector(".u-over"), one.querySelector(".u-cursor-x")];
      return new DOMMatrix(getComputedStyle(line).transform).e / all.clientWidth;
    }));
    assert.equal(shares.length, 4);
    for (const share of shares) assert.ok(Math.abs(share - 0.8) < 0.03, `the cursors are at ${shares}`);
    // The disks' chart is told of by its figures, and by what is drawn.
    await page.waitForFunction(() => [...document.querySelectorAll("figure")].some((one) => /^Disks.*Read [\d.,]+ \w+\/s, Written [\d.,]+ \w+\/s/.test(one.textContent)));
    await shot(page, "host");

    // Another window has other times below.
    const narrow = await picture(page, "Memory");
    const windows = page.getByRole("radiogroup", { name: "Time that is shown" });
    await windows.getByText("1 h", { exact: true }).click();
    await drawnAnew(page, "Memory", narrow);
    assert.equal(await windows.getByRole("radio", { name: "1 h" }).isChecked(), true);
    await windows.getByText("2 min", { exact: true }).click();

    await page.getByRole("button", { name: "Pause" }).click();
    const resume = page.getByRole("button", { name: "Go on" });
    await resume.waitFor();
    await page.mouse.move(0, 0);
    const still = await picture(page, "Processor");
    await page.evaluate(() => new Promise((go) => { // five more events come meanwhile
      const at = document.querySelector("figure figcaption span").textContent;
      let ticks = 0;
      const timer = setInterval(() => { if (++ticks === 5) { clearInterval(timer); go(at); } }, 1_000);
    }));
    assert.equal(await picture(page, "Processor"), still, "it stands still");
    await resume.click();
    await drawnAnew(page, "Processor", still);
  },

  "U35: ten seconds without news are told, with when the last came, until there are some": async ({ person, signIn, forgive }) => {
    const context = await person();
    const page = await context.newPage();
    await signIn(page);
    await figure(page, "Processor").locator("canvas").waitFor();
    await page.waitForFunction(() => /\d/.test(document.querySelector("figure figcaption span").textContent));
    const begin = Date.now();
    await context.setOffline(true);
    const stale = page.getByText(/Nothing has come for a while; last seen .*ago/);
    await stale.waitFor();
    const told = (Date.now() - begin) / 1000;
    assert.ok(told >= 8 && told < 20, `told after ${told} s`);
    await context.setOffline(false);
    await stale.waitFor({ state: "detached", timeout: 30_000 });
    forgive(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to fetch/);
  },
};
