import type { Plugin } from "vite";

/** Plugins that write THIRD_PARTY.txt; intro stands at its top. */
export function notices(intro: string): { plugin: () => Plugin; writer: () => Plugin };
