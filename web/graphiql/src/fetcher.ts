import type { Fetcher } from "@graphiql/toolkit";
import { Kind, parse, type OperationDefinitionNode } from "graphql";
import { createClient, type Client } from "graphql-ws";
import { endpoint, post, type Answer } from "./http";
import { authorizationOf } from "./session";
import { notice } from "./notice";

type Params = Parameters<Fetcher>[0];

/** Queries and mutations go by POST; subscriptions have a socket each. */
export const fetcher: Fetcher = (params, options) => {
  const headers = options?.headers as Record<string, string> | undefined;
  const operation = operationOf(params);
  const sent = operation ? { ...params, operationName: operation.name?.value ?? null } : params;
  if (operation?.operation === "subscription") return follow(sent, authorizationOf(headers)) as ReturnType<Fetcher>;
  return ask(sent, headers ?? {}) as ReturnType<Fetcher>;
};

/**
 * The operation that is meant; undefined when that is for the panel to refuse.
 * GraphiQL's own word for it is that of a moment ago when somebody types and runs at once.
 */
function operationOf(params: Params): OperationDefinitionNode | undefined {
  try {
    const all = parse(params.query).definitions.filter((d) => d.kind === Kind.OPERATION_DEFINITION);
    return all.length === 1 ? all[0] : all.find((d) => d.name && d.name.value === params.operationName);
  } catch {
    return undefined; // no GraphQL yet
  }
}

async function ask(params: Params, headers: Record<string, string>): Promise<Answer> {
  const answer = await post(params, headers);
  if (params.operationName === "IntrospectionQuery") notice.set(answer.data ? null : whyNoSchema(answer, headers));
  return answer;
}

/** Why there is neither completion nor documentation. */
function whyNoSchema(answer: Answer, headers: Record<string, string>): string {
  const error = answer.errors?.[0];
  switch (error?.extensions?.code) {
    case "UNAUTHENTICATED":
      return "The token is not accepted, or no longer. Sign in again, or put another into the headers.";
    case "FORBIDDEN":
      return authorizationOf(headers)
        ? "This panel does not give its schema away (MPANEL_INTROSPECTION). Operations are executed as ever, but there is no completion and no documentation."
        : "This panel shows its schema to nobody who is not signed in, and perhaps to nobody at all (MPANEL_INTROSPECTION). Sign in for completion and documentation.";
    default:
      return `The schema could not be read, so there is no completion and no documentation: ${error?.message ?? "the panel gave no answer."}`;
  }
}

/** What the panel closes sockets with, for people; docs/api.md has them all. */
const closeCodes: Record<number, string> = {
  1006: "The connection is gone. Ask for what comes after the last position, and nothing is missing.",
  1012: "The panel restarts. Ask for what comes after the last position, and nothing is missing.",
  4290: "This page read too slowly.",
  4292: "There are too many sockets.",
  4403: "The token is not accepted, or the rights have changed. Sign in again.",
};

/**
 * Follows a subscription over a socket of its own, whose connection_init has the
 * token of the headers tab. A lost connection is shown and not mended: who tries
 * an operation wants to see it, and a repetition would look like events.
 */
function follow(params: Params, authorization: string | undefined): AsyncIterableIterator<unknown> {
  const client = createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${endpoint}`,
    connectionParams: authorization ? { Authorization: authorization } : {},
    retryAttempts: 0,
  });
  const events = eventsOf(client, params);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => events.next(),
    // A generator that waits for an event would not hear of its end before it comes.
    return: async () => {
      await client.dispose();
      return { done: true, value: undefined };
    },
  };
}

async function* eventsOf(client: Client, params: Params): AsyncGenerator<unknown> {
  try {
    yield* client.iterate({ query: params.query, variables: params.variables as Record<string, unknown>, operationName: params.operationName ?? null });
  } catch (error) {
    if (Array.isArray(error)) yield { errors: error };
    else if (error instanceof CloseEvent) yield { errors: [{ message: `${closeCodes[error.code] ?? error.reason} (${error.code} ${error.reason})` }] };
    else throw error;
  } finally {
    await client.dispose();
  }
}
