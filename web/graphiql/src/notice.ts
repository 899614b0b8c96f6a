import { store } from "./store";

/** What stands above everything, or null. */
export const notice = store<string | null>(null);
