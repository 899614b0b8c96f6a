import { type ComponentType, lazy } from "react";

/** How long a part whose code could not be fetched waits before it tries again, in ms, unless the network comes back before. */
const pause = 5_000;

/**
 * A part of the page whose code comes when it is needed. Where the line is cut just then,
 * the part comes later, and the page goes on without it.
 */
export function lazyPart<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => {
    for (;;) {
      try {
        return { default: await load() };
      } catch {
        await new Promise<void>((go) => {
          const timer = setTimeout(go, pause);
          addEventListener("online", () => (clearTimeout(timer), go()), { once: true });
        });
      }
    }
  });
}
