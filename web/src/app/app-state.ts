import { store } from "@/lib/store";

/** Whether the last request had no answer. */
export const unreachable = store(false);
