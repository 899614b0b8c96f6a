import { makeOperation } from "@urql/core";
import { filter, map, pipe } from "wonka";
import { canGoOn, follow } from "./follow.js";

/**
 * An exchange before the one that subscribes: each event comes once, also when the
 * connection was lost in between.
 */
export const resumeExchange = ({ forward }) => (operations) => {
  const followed = new Map(); // by the operation's key
  const begin = (operation) => {
    if (operation.kind === "teardown") followed.delete(operation.key);
    if (operation.kind !== "subscription" || !canGoOn(operation.query)) return operation;
    const one = follow(operation.variables);
    followed.set(operation.key, one);
    return makeOperation(operation.kind, { ...operation, variables: one.variables }, operation.context);
  };
  return pipe(forward(pipe(operations, map(begin))), filter((result) => followed.get(result.operation.key)?.isNew(result) ?? true));
};
