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

/** The page itself, its head and navigation, which lie over it, and dialogs on it, that are wider than what is seen of them. */
const tooWide = (page) => page.evaluate(() => [document.documentElement, ...document.querySelectorAll("header, nav, [role=dialog]")]
  .filter((box) => box.scrollWidth > box.clientWidth + (box === document.documentElement ? 0 : 1))
  .map((box) => `${box === document.documentElement ? "the page" : (box.getAttribute("role") ?? box.localName)} is ${box.scrollWidth - box.clientWidth} pixels too wide`));

/**
 * Gives what is wrong with a page in any of its looks: what axe finds, what is too wide,
 * and what `also` finds in the light. The page behind what lies over it was looked at
 * before, and is looked at with it once.
 */
export async function examine(page, name, { also = () => [], shot = () => {}, width } = {}) {
  const faults = [];
  for (const look of looks) {
    if (width && look.width !== width) continue;
    const light = look.colorScheme === "light";
    const covered = await page.locator(over).filter({ visible: true }).count() > 0;
    if (covered && !light && look.width !== looks[0].width) continue; // its colours were seen before
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width: look.width, height: 900 });
    await settled(page);
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

/**
 * Presses everything on a page that opens something over it, each once of its kind, and
 * gives what lies there to `look`. Gives what else can be pressed and is not among `acting`,
 * and which dialogs send something and do not show it as GraphQL.
 */
export async function openAll(page, pressed, acting, look) {
  const gone = () => page.waitForFunction((over) => ![...document.querySelectorAll(over)].some((e) => e.checkVisibility()), over);
  const close = async () => {
    await page.keyboard.press("Escape");
    await gone();
  };
  const strange = [];
  /** What a dialog sends can be sent by the API, too, and it says how. */
  const offered = async (name) => {
    for (const form of await page.getByRole("dialog").filter({ visible: true, has: page.locator("button[type=submit]") }).all()) {
      if ((await form.getByRole("button", { name: /GraphQL/ }).count()) === 0) strange.push(`${name} does not offer what it sends as GraphQL`);
    }
  };
  for (;;) {
    const next = await page.evaluate(({ pressed, acting }) => {
      const all = [...document.querySelectorAll("#content button, #content input[aria-haspopup=listbox]")];
      for (const [place, e] of all.entries()) {
        const said = e.innerText?.trim() || e.getAttribute("aria-label") || "";
        // Rows have the same buttons, called after what they are about.
        const picture = [...(e.querySelector("svg")?.classList ?? [])].find((name) => name.startsWith("tabler-icon-"));
        const cell = e.closest("td");
        const kind = e.tagName === "INPUT" ? `list ${e.readOnly}` : cell ? `column ${cell.cellIndex} ${picture}` : e.innerText.trim() || picture || said;
        if (e.disabled || e.ariaHidden === "true" || e.getClientRects().length === 0 || e.closest("thead") || e.role === "tab" || pressed.includes(kind) || new RegExp(acting).test(said)) continue;
        return { place, kind, said };
      }
    }, { pressed, acting: acting.source });
    if (!next) return strange;
    pressed.push(next.kind);
    const open = async () => {
      await page.locator("#content button, #content input[aria-haspopup=listbox]").nth(next.place).click();
      await page.locator(over).filter({ visible: true }).first().waitFor();
      await settled(page);
    };
    const opened = await open().then(() => true, () => false);
    if (!opened) {
      strange.push(`${next.said || next.kind} opens nothing`);
      continue;
    }
    await offered(next.said || next.kind);
    await look(next.said || next.kind);
    const items = await page.getByRole("menuitem").filter({ hasNot: page.getByRole("checkbox") }).allInnerTexts();
    await close();
    for (const item of items) {
      if (acting.test(item) || pressed.includes(item)) continue;
      pressed.push(item);
      await open();
      await page.getByRole("menuitem", { name: item, exact: true }).click();
      const opened = await page.getByRole("dialog").waitFor().then(() => true, () => false);
      if (opened) {
        await offered(item);
        await look(item);
      }
      else strange.push(`${item} opens nothing`);
      await close();
    }
  }
}
