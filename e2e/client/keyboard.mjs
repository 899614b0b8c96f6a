// Somebody who has a keyboard and no mouse. Each Tab of theirs has to show where the
// focus is, and what they look for has to be within reach of some.

/** Says what has the focus, as a test tells it. */
const describe = () => {
  const e = document.activeElement;
  const name = e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent;
  return `${e.getAttribute("role") ?? e.tagName.toLowerCase()} "${(name ?? "").trim().slice(0, 40)}"`;
};

/**
 * Notes how everything that can have the focus looks before a key is pressed. A control
 * may show its focus by its neighbour or what it lies in, as check boxes and fields do.
 */
const watch = () => {
  const looks = (e) => [e, e.parentElement, e.nextElementSibling].map((one) => {
    if (!one) return "";
    const s = getComputedStyle(one);
    return [s.outlineStyle === "none" ? "" : s.outline, s.boxShadow, s.borderColor, s.backgroundColor, s.clip].join();
  }).join("|");
  let before = new Map();
  let last; // a field of a date has several places within it
  addEventListener("keydown", () => {
    last = document.activeElement;
    before = new Map([...document.querySelectorAll("a, button, input, select, textarea, [tabindex]")].map((e) => [e, looks(e)]));
  }, true);
  globalThis.looksOtherwise = () => [document.body, last].includes(document.activeElement) || (before.has(document.activeElement) && before.get(document.activeElement) !== looks(document.activeElement));
};

/** The keyboard of somebody on a page, which is to be opened afterwards. */
export async function keyboardOf(page) {
  await page.addInitScript(watch);
  const { keyboard } = page;
  const at = (role, name, { within = page, exact = true } = {}) => within.getByRole(role, { name, exact });

  /** Tabs until a control has the focus, or presses another key by which one goes on; at most so many times. */
  async function to(role, name, { most = 60, by = "Tab", ...where } = {}) {
    const wanted = at(role, name, where);
    await wanted.first().waitFor({ state: "attached" }); // radio buttons may lie below what is seen of them
    const passed = [];
    while (!(await wanted.evaluateAll((all) => all.includes(document.activeElement)))) {
      if (passed.length === most) throw new Error(`no ${role} "${name}" within ${most} of ${by}; they passed: ${passed.join(", ")}`);
      await keyboard.press(by);
      const now = await page.evaluate(describe);
      await page.waitForFunction(() => globalThis.looksOtherwise()).catch(() => {
        throw new Error(`nobody sees that the focus is at ${now}; before it came ${passed.at(-1) ?? "nothing"}`);
      });
      passed.push(now);
    }
  }

  return {
    to,
    /** Waits until a control has the focus. */
    async has(role, name, where) {
      await at(role, name, where).and(page.locator(":focus")).waitFor().catch(async () => {
        throw new Error(`the focus is not at ${role} "${name}" but at ${await page.evaluate(describe)}`);
      });
    },
    /** Waits until the focus is given back to something. */
    somewhere: () => page.waitForFunction(() => document.activeElement !== document.body),
    /** Goes to a control and presses a key there. */
    async press(role, name, { key = "Enter", ...where } = {}) {
      await to(role, name, where);
      await keyboard.press(key);
    },
    /** Goes to a field and writes over what is in it. */
    async write(name, text, where) {
      await to("textbox", name, where);
      await keyboard.press("Control+a");
      await keyboard.type(text);
    },
    /** Presses keys where the focus is. */
    async keys(...names) {
      for (const name of names) await keyboard.press(name);
    },
    type: (text) => keyboard.type(text),
    /** Takes another option of a list, among those with what is typed where it can be searched. */
    async choose(list, option, { typed, ...where } = {}) {
      await to("combobox", list, where);
      if (typed !== undefined) {
        await keyboard.press("Control+a");
        await keyboard.type(typed);
      }
      const wanted = page.getByRole("option", { name: option, exact: true });
      if (typed === undefined) await keyboard.press("ArrowDown");
      await wanted.waitFor();
      for (let i = 0; (await wanted.getAttribute("data-combobox-selected")) === null; i++) {
        if (i === 10) throw new Error(`no option "${option}"`);
        await keyboard.press("ArrowDown");
      }
      await keyboard.press("Enter");
      await wanted.waitFor({ state: "hidden" });
    },
  };
}
