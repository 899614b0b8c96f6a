// Every event of a stream has a position, and a subscription with `after` goes on
// behind one. Clients that connect again send the variables that they were given
// once more: so they are given an object that always has the last position.

/** How many positions are remembered to tell repeated events. */
const remembered = 10_000;

/**
 * Whether an operation is one that can go on: a subscription with a variable $after.
 * @param {import("graphql").DocumentNode} document
 */
export function canGoOn(document) {
  return document.definitions.some((d) => d.kind === "OperationDefinition" && d.operation === "subscription" &&
    d.variableDefinitions?.some((v) => v.variable.name.value === "after"));
}

/**
 * Follows one subscription. `variables` is to be sent in the place of those that were
 * given, and not to be copied before; `isNew(result)` is false for an event that came before.
 */
export function follow(given) {
  const variables = { ...given };
  const seen = new Set();
  return {
    variables,
    isNew(result) {
      const fields = Object.values(result?.data ?? {});
      const position = fields.length === 1 ? fields[0]?.position : undefined;
      if (typeof position !== "string") return true; // an error, or a selection without it
      if (seen.has(position)) return false;
      seen.add(position);
      if (seen.size > remembered) seen.delete(seen.values().next().value);
      variables.after = position;
      return true;
    },
  };
}
