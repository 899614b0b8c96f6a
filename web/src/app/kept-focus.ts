import { useEffect } from "react";

/** How long what closes may take to give the focus back by itself, in ms. */
const patience = 50;

/** An element and all that it lies in, the innermost first; a menu lies in the button that has opened it. */
function around(element: Element): Element[] {
  const all: Element[] = [];
  for (let e: Element | null = element; e; e = e.parentElement) {
    all.push(e);
    const opener = e.getAttribute("role") === "menu" && document.getElementById(e.getAttribute("aria-labelledby") ?? "");
    if (opener) return [...all, ...around(opener)];
  }
  return all;
}

/**
 * Who walks the page by keyboard keeps their place: when what had the focus is gone, such as
 * the row that was deleted, with the button that opened the dialog, the focus goes to the
 * section that it stood in, else to the content, also of a page that took the place of all
 * that there was; and from an item of a menu to the menu's button. What was only disabled
 * for a while gets it back.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element[] = []; // what had the focus outside of dialogs, and what it lay in
    let lost = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const free = () => document.activeElement === document.body && document.hasFocus();
    const forget = () => {
      last = []; // a click at nothing is meant
      lost = false;
    };
    const note = ({ target }: FocusEvent) => {
      if (!(target instanceof Element)) return;
      lost = target.closest("[role=dialog]") !== null; // one that another came before gives the focus back to nobody
      if (!lost) last = around(target);
    };
    const keep = () => {
      const [had] = last;
      const content = document.getElementById("content");
      if (!lost || !free() || document.querySelector("[role=dialog]") || had?.matches(":disabled[data-loading]")) return; // it comes back
      const isHome = (e: Element): e is HTMLElement => e instanceof HTMLElement && e.isConnected && (e.localName === "section" || ((e === had || e.getAttribute("aria-haspopup") === "menu") && !e.matches(":disabled"))) && content?.contains(e) === true;
      const home = last.find(isHome) ?? content;
      if (home && home.tabIndex < 0 && !home.hasAttribute("tabindex")) home.tabIndex = -1;
      home?.focus({ preventScroll: true });
    };
    const look = () => {
      const [had] = last;
      if (!had) return;
      lost ||= !had.isConnected || had.matches(":disabled"); // browsers take the focus away only at the next frame
      clearTimeout(timer);
      if (lost && free()) timer = setTimeout(keep, patience);
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "data-loading"] });
    addEventListener("focusin", note);
    addEventListener("pointerdown", forget, true);
    return () => {
      watch.disconnect();
      clearTimeout(timer);
      removeEventListener("focusin", note);
      removeEventListener("pointerdown", forget, true);
    };
  }, []);
}
