import type { ApolloLink } from "@apollo/client";

/**
 * A link before the one that subscribes: each event comes once, also when the
 * connection was lost in between. The subscription takes `$after` and selects
 * `position`.
 */
export declare function resumeLink(): ApolloLink;
