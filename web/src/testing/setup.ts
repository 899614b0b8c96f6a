import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
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
window.scrollTo = () => {};
Element.prototype.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};

startTexts();
afterEach(() => {
  cleanup();
  localStorage.clear();
});
