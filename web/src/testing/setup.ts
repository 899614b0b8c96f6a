import "@testing-library/jest-dom/vitest";
import { notifications } from "@mantine/notifications";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import { startTexts } from "@/lib/text";

// What jsdom lacks of a browser. A query that matches nothing is that of an empty media
// list, which matches in browsers; the table asks it of each column.
window.matchMedia = (query: string) =>
  ({ matches: !query, media: query, onchange: null, addListener() {}, removeListener() {}, addEventListener() {}, removeEventListener() {}, dispatchEvent: () => false }) as MediaQueryList;
window.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
// Everything is in sight: nothing has a place.
window.IntersectionObserver = class implements IntersectionObserver {
  readonly root = null;
  readonly rootMargin = "";
  readonly scrollMargin = "";
  readonly thresholds = [];
  constructor(private readonly told: IntersectionObserverCallback) {}
  observe(target: Element) {
    this.told([{ isIntersecting: true, target } as IntersectionObserverEntry], this);
  }
  unobserve() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
};
window.scrollTo = () => {};
Element.prototype.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};

configure({ asyncUtilTimeout: 20_000 }); // for machines that are busy
startTexts();
afterEach(() => {
  cleanup();
  notifications.clean();
  localStorage.clear();
});
