/** The page to go to after a sign-in: one of our own, whatever the address says. */
export function nextPage(search: string): string {
  const wished = new URLSearchParams(search).get("next") ?? "/";
  const url = URL.canParse(wished, location.origin) ? new URL(wished, location.origin) : null;
  return url && url.origin === location.origin && wished.startsWith("/") ? url.pathname + url.search + url.hash : "/";
}
