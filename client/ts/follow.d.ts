import type { DocumentNode } from "graphql";

/** Whether an operation is one that can go on: a subscription with a variable `$after`. */
export function canGoOn(document: DocumentNode): boolean;

/** A stream that is followed: `variables` is to be sent, and not to be copied before; `isNew` is false for what came before. */
export interface Followed {
  variables: object;
  isNew(result: { data?: unknown }): boolean;
}

export function follow(given: object): Followed;
