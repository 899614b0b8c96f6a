import { vi } from "vitest";

/**
 * A stand-in for the address of the page, since jsdom goes nowhere: the page is at `at`,
 * and where it was sent is told. `vi.unstubAllGlobals()` ends it.
 */
export function placeAt(at: string): { assigned: string[]; replaced: string[] } {
  const gone = { assigned: [] as string[], replaced: [] as string[] };
  const { href, origin, protocol, host, hostname, port, pathname, search, hash } = new URL(at, window.location.href);
  vi.stubGlobal("location", {
    href, origin, protocol, host, hostname, port, pathname, search, hash,
    assign: (to: string) => void gone.assigned.push(to), replace: (to: string) => void gone.replaced.push(to), reload: () => {},
  });
  return gone;
}
