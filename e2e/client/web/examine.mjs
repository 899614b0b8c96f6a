// A page as everybody may see it: light and dark, wide and narrow.
import { readFileSync } from "node:fs";

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules whose verdict a colour can change: what is dark differs from what is light in nothing else. */
const ofColours = ["color-contrast", "link-in-text-block"];

/** From one to the next one thing changes, and no page is loaded anew. */
const looks = [
  { colorScheme: "light", width: 1280 }, { colorScheme: "dark", width: 1280 },
  { colorScheme: "dark", width: 390 }, { colorScheme: "light", width: 390 },
];
const narrowest = 360;

/** What lies over a page. */
export const over = "[role=dialog], [role=menu], [role=listbox]";

/** Waits until nothing of a page is being loaded or moves, and it was drawn. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  await page.evaluate(async () => {
    const drawn = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    await drawn();
    const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(passing.map(({ finished }) => finished));
    await drawn();
  });
}

/** What axe finds wrong, of the whole page or of what lies over it. */
async function violations(page, rules, within) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async ({ rules, within }) => {
    const { violations } = await window.axe.run(within ? { include: [...document.querySelectorAll(within)].filter((e) => e.checkVisibility()) } : document, { ...rules, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ").slice(0, 600)}`);
  }, { rules, within });
}

/** The page itself, and dialogs on it, that are wider than what is seen of them. */
const tooWide = (page) => page.evaluate(() => [document.documentElement, ...document.querySelectorAll("[role=dialog]")]
  .filter((box) => box.scrollWidth > box.clientWidth + (box === document.documentElement ? 0 : 1))
  .map((box) => `${box.getAttribute("role") ?? "the page"} is ${box.scrollWidth - box.clientWidth} pixels too wide`));

/**
 * Gives what is wrong with a page in any of its looks: what axe finds, what is too wide,
 * and what `also` finds in the light. The page behind what lies over it was looked at
 * before, and is looked at with it once.
 */
export async function examine(page, name, { also = () => [], shot = () => {}, width } = {}) {
  const faults = [];
  for (const look of looks) {
    if (width && look.width !== width) continue;
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width: look.width, height: 900 });
    await settled(page);
    const light = look.colorScheme === "light";
    const covered = await page.locator(over).filter({ visible: true }).count() > 0;
    const within = look !== looks[0] && covered ? over : undefined;
    // What opens lies beside the page's landmarks, where its opener leads to.
    const found = await violations(page, light ? { runOnly: tags, rules: { region: { enabled: !covered } } } : { runOnly: { type: "rule", values: ofColours }, preload: false }, within);
    if (light) found.push(...(await tooWide(page)), ...(await also(page)));
    const at = `${look.colorScheme} ${look.width} ${name}`;
    faults.push(...found.map((fault) => `${at}: ${fault}`));
    await shot(page, at.replaceAll(/[^\w]+/g, "-"));
  }
  await page.setViewportSize({ width: narrowest, height: 900 });
  await settled(page);
  faults.push(...(await tooWide(page)).map((fault) => `${narrowest} ${name}: ${fault}`));
  await page.setViewportSize({ width: looks[0].width, height: 900 });
  return faults;
}
