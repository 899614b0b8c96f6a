import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";

/** What takes the place of what stood in the address; anything else is a step that Back takes back. */
export interface How {
  replace?: boolean;
}

interface Opened {
  openedHere?: boolean;
}

/**
 * Changes what a page keeps in its address, which `navigate` of its route is given for. What
 * somebody chooses is a step of the history; text while it is typed, and what the page does by
 * itself, replaces what was there.
 */
export function useAddress<S extends object>(navigate: (to: never) => unknown) {
  const router = useRouter();
  const go = navigate as (to: object) => unknown;
  /** A list by another filter, order or cursor begins at its first page, unless one is said, and at the top. */
  const set = useCallback((patch: Partial<S>, how?: How) => void go({ search: (old: S) => ({ ...old, after: undefined, before: undefined, ...patch }), ...how }), [go]);
  /** The list stays as it is, and where it is. */
  const change = useCallback((patch: Partial<S>, how?: How) => void go({ search: (old: S) => ({ ...old, ...patch }), resetScroll: false, ...how }), [go]);
  /** Opens something over the page. */
  const open = useCallback((patch: Partial<S>) => void go({ search: (old: S) => ({ ...old, ...patch }), resetScroll: false, state: { openedHere: true } satisfies Opened }), [go]);
  /** Closes it: the step before is the page without it, where it was opened from there; a copied address has none. */
  const close = useCallback((patch: Partial<S>) => {
    if ((router.history.location.state as Opened).openedHere) router.history.back();
    else change(patch, { replace: true });
  }, [router, change]);
  return { set, change, open, close };
}
