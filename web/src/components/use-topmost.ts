import { useEffect, useState } from "react";
import { store, useStore } from "@/lib/store";

const open = store<readonly symbol[]>([]);

/** Whether this is the last that was opened of what lies over the page: Escape closes that one alone, and what is written in the others stays. */
export function useTopmost(opened: boolean): boolean {
  const [id] = useState(() => Symbol());
  useEffect(() => {
    if (!opened) return;
    open.set([...open.get(), id]);
    return () => open.set(open.get().filter((one) => one !== id));
  }, [opened, id]);
  return useStore(open).at(-1) === id;
}
