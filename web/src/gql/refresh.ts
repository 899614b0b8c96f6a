import { type Client, type Exchange, makeOperation, type Operation, type OperationResult } from "@urql/core";
import { map, pipe, tap } from "wonka";
import { problemsOf } from "./problem";

interface Shown {
  operation: Operation;
  /** What it came to last. */
  data?: unknown;
}

const shown = new WeakMap<Client, Map<number, Shown>>();

/**
 * What passes: what was there is still the best that there is. Who signs in anew goes on
 * where they were, and loses nothing that they had written there.
 */
const passing = new Set(["OFFLINE", "UNAVAILABLE", "RATE_LIMITED", "INTERNAL", "UNAUTHENTICATED"]);

/**
 * Knows which queries are shown somewhere on the page, and what: when one that is read
 * anew has no answer, what is shown stays, and `isKept` says so. It stands before the cache.
 */
export const refreshExchange: Exchange = ({ client, forward }) => {
  const queries = new Map<number, Shown>();
  shown.set(client, queries);
  const kept = (result: OperationResult): OperationResult => {
    const one = queries.get(result.operation.key);
    if (!one) return result;
    if (result.data) one.data = result.data;
    else if (one.data && result.error && passing.has(problemsOf(result.error)[0]!.code)) return { ...result, data: one.data, extensions: { ...result.extensions, kept: true } };
    return result;
  };
  return (operations) =>
    pipe(
      forward(
        pipe(
          operations,
          tap((operation) => {
            if (operation.kind === "query") queries.set(operation.key, { ...queries.get(operation.key), operation });
            else if (operation.kind === "teardown") {
              // Who tries again ends a query and asks it in the same breath.
              const left = queries.get(operation.key);
              queueMicrotask(() => queries.get(operation.key) === left && queries.delete(operation.key));
            }
          }),
        ),
      ),
      map(kept),
    );
};

/** Whether what there is is that of before, since it could not be read anew. */
export const isKept = (result: Pick<OperationResult, "extensions">): boolean => result.extensions?.kept === true;

/**
 * Reads everything that the page shows anew, and shows what was there until it comes:
 * after a mutation and when a job goes on, since only the panel knows what else has
 * changed with it.
 */
export function refresh(client: Client): void {
  for (const { operation } of shown.get(client)?.values() ?? []) {
    client.reexecuteOperation(makeOperation("query", operation, { ...operation.context, requestPolicy: "network-only" }));
  }
}

/** A page is read anew at most this often by what happens elsewhere, in ms. */
const interval = 1_000;

const due = new WeakMap<Client, { timer?: ReturnType<typeof setTimeout>; last: number }>();

/** Has everything read anew soon, once for all that happens until then. */
export function refreshSoon(client: Client): void {
  const when = due.get(client) ?? { last: 0 };
  due.set(client, when);
  when.timer ??= setTimeout(() => {
    when.timer = undefined;
    when.last = Date.now();
    refresh(client);
  }, Math.max(50, when.last + interval - Date.now()));
}
