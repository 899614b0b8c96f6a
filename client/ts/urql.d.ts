import type { Exchange } from "@urql/core";

/**
 * An exchange before the one that subscribes: each event comes once, also when the
 * connection was lost in between. The subscription takes `$after` and selects
 * `position`.
 */
export declare const resumeExchange: Exchange;
