import { ApolloLink } from "@apollo/client";
import { filter } from "rxjs";
import { canGoOn, follow } from "./follow.js";

/**
 * A link before the one that subscribes: each event comes once, also when the
 * connection was lost in between.
 */
export function resumeLink() {
  return new ApolloLink((operation, forward) => {
    if (!canGoOn(operation.query)) return forward(operation);
    const { variables, isNew } = follow(operation.variables);
    operation.variables = variables;
    return forward(operation).pipe(filter(isNew));
  });
}
