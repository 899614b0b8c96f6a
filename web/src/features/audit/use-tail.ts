import { useEffect, useRef, useState } from "react";
import { listen } from "@/gql/socket";
import { type Entry, FEED, type filterOf, fits } from "./operations";

/** So many that came live are kept; with one more the list is read anew, which then has the newest of them, and the rest on its next pages. */
const kept = 500;

/**
 * The entries that come while the page is open, the newest first, past the cache. The
 * stream begins with the place where it stands: `onPlace` then reads the list, so that
 * nothing falls between the two; the same after a gap.
 */
export function useTail(enabled: boolean, filter: ReturnType<typeof filterOf>, onPlace: () => void): readonly Entry[] {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const place = useRef(onPlace);
  place.current = onPlace;
  useEffect(() => {
    let count = 0;
    setEntries([]);
    if (!enabled) return;
    return listen(FEED, {}, {
      next: ({ auditFeed: item }) => {
        if ("event" in item && ++count <= kept) return setEntries((all) => [item.event as Entry, ...all]);
        if ("event" in item) {
          count = 0;
          setEntries([]);
        }
        place.current();
      },
    });
  }, [enabled]);
  return entries.filter((entry) => fits(entry, filter));
}

/** Both in one list: each entry once, the newest first. */
export function merged(live: readonly Entry[], read: readonly Entry[]): Entry[] {
  const known = new Set(read.map(({ id }) => id));
  return [...live.filter(({ id }) => !known.has(id)), ...read].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
