import { Client, type CombinedError, fetchExchange, mapExchange, type Operation } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { retryExchange } from "@urql/exchange-retry";
import { cache } from "./cache";
import { endpoint } from "./http";
import { refreshExchange } from "./refresh";
import { sessions } from "./session";

const codeOf = (error: CombinedError): unknown => error.graphQLErrors[0]?.extensions.code;

/** Queries alone are sent again by themselves, and a mutation that has an idempotency key. */
const repeatable = (operation: Operation): boolean =>
  operation.kind === "query" || (operation.kind === "mutation" && "Idempotency-Key" in headersOf(operation));

function headersOf({ context: { fetchOptions } }: Operation): Record<string, string> {
  const options = typeof fetchOptions === "function" ? fetchOptions() : fetchOptions;
  return (options?.headers ?? {}) as Record<string, string>;
}

/**
 * The client of one user, whom the tab is now: what was asked as one is never sent as
 * another. offline is told when the panel gave no answer, and when it gave one again.
 */
export function newClient(offline: (is: boolean) => void): Client {
  const acting = sessions.acting.get();
  const isSame = () => sessions.acting.get() === acting;
  return new Client({
    url: endpoint,
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    exchanges: [
      refreshExchange,
      cache(),
      mapExchange({ onResult: ({ error }) => offline(error?.networkError !== undefined) }),
      authExchange(async ({ appendHeaders }) => ({
        willAuthError: () => isSame() && sessions.stale(),
        refreshAuth: async () => void (await sessions.token()),
        addAuthToOperation: (operation) => {
          const token = isSame() ? sessions.current.get()?.accessToken : undefined;
          return token ? appendHeaders(operation, { Authorization: `Bearer ${token}` }) : operation;
        },
        didAuthError: (error, operation) => {
          if (codeOf(error) !== "UNAUTHENTICATED") return false;
          sessions.distrust(headersOf(operation).Authorization?.slice("Bearer ".length));
          return !acting && isSame(); // an impersonation has no other token
        },
      })),
      retryExchange({
        initialDelayMs: 500,
        maxDelayMs: 5_000,
        maxNumberAttempts: 3,
        retryIf: (error, operation) => Boolean(error.networkError) && repeatable(operation),
      }),
      fetchExchange,
    ],
  });
}
