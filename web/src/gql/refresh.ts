import { type Client, type Exchange, makeOperation, type Operation } from "@urql/core";
import { pipe, tap } from "wonka";

const shown = new WeakMap<Client, Map<number, Operation>>();

/** Knows which queries are shown somewhere on the page. It stands before the cache. */
export const refreshExchange: Exchange = ({ client, forward }) => {
  const queries = new Map<number, Operation>();
  shown.set(client, queries);
  return (operations) =>
    forward(
      pipe(
        operations,
        tap((operation) => {
          if (operation.kind === "query") queries.set(operation.key, operation);
          else if (operation.kind === "teardown") queries.delete(operation.key);
        }),
      ),
    );
};

/**
 * Reads everything that the page shows anew, and shows what was there until it comes:
 * after a mutation and when a job goes on, since only the panel knows what else has
 * changed with it.
 */
export function refresh(client: Client): void {
  for (const operation of shown.get(client)?.values() ?? []) {
    client.reexecuteOperation(makeOperation("query", operation, { ...operation.context, requestPolicy: "network-only" }));
  }
}
