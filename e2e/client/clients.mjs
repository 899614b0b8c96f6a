// Sends a query, a mutation and a subscription with each of the usual clients, as
// their documentation has it and unmodified.
// In: {url, token, job, mutation: {query, variables}}. Out, of each client:
// {client, viewer, mutated, positions}, or {client, failed}.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";
import { input, print } from "./stdin.mjs";

const http = `${input.url}/graphql`, ws = http.replace(/^http/, "ws");
const Authorization = `Bearer ${input.token}`;
const viewer = "query { viewer { user { email } } }";
const progress = "subscription ($id: ID!) { jobProgress(id: $id) { __typename ... on JobEvent { position state } } }";
const variables = { id: input.job };
const socket = () => createWs({ url: ws, webSocketImpl: WebSocket, connectionParams: { Authorization }, retryAttempts: 0 });

/** Collects a stream's positions to its end. subscribe gets an observer. */
const collect = (subscribe) => new Promise((resolve, reject) => {
  const positions = [];
  subscribe({
    next: ({ data, error, errors }) => {
      if (error || errors?.length) return reject(error ?? new Error(JSON.stringify(errors)));
      if (data?.jobProgress?.position) positions.push(data.jobProgress.position);
    },
    error: (e) => reject(e),
    complete: () => resolve(positions),
  });
});

async function apollo(link) {
  const client = new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
  return {
    viewer: (await client.query({ query: gql(viewer) })).data.viewer.user.email,
    mutated: (await client.mutate({ mutation: gql(input.mutation.query), variables: input.mutation.variables })).data,
    positions: await collect((o) => client.subscribe({ query: gql(progress), variables, fetchPolicy: "no-cache" }).subscribe(o)),
  };
}

async function urql(options) {
  const client = new Client({ url: http, fetchOptions: { headers: { Authorization } }, requestPolicy: "network-only", preferGetMethod: false, ...options });
  const query = await client.query(viewer, {}).toPromise(), mutated = await client.mutation(input.mutation.query, input.mutation.variables).toPromise();
  if (query.error ?? mutated.error) throw query.error ?? mutated.error;
  const positions = [];
  await new Promise((resolve, reject) => {
    client.subscription(progress, variables).subscribe((r) => {
      if (r.error) return reject(r.error);
      if (r.data?.jobProgress?.position) positions.push(r.data.jobProgress.position);
      if (positions.length === input.events) resolve();
    });
  });
  return { viewer: query.data.viewer.user.email, mutated: mutated.data, positions };
}

/** One of the clients that have a request and a sink. */
async function sinks(client) {
  const one = (payload) => new Promise((resolve, reject) => {
    let result;
    client.subscribe(payload, { next: (r) => { result = r; }, error: reject, complete: () => resolve(result) });
  });
  return {
    viewer: (await one({ query: viewer })).data.viewer.user.email,
    mutated: (await one(input.mutation)).data,
    positions: await collect((o) => client.subscribe({ query: progress, variables }, o)),
  };
}

const plain = new HttpLink({ uri: http, headers: { Authorization } });
const clients = {
  "Apollo, HttpLink alone": () => apollo(plain),
  "Apollo, GraphQLWsLink": () => apollo(ApolloLink.split((o) => o.operationType === OperationTypeNode.SUBSCRIPTION, new GraphQLWsLink(socket()), plain)),
  "Apollo, everything over the socket": () => apollo(new GraphQLWsLink(socket())),
  "urql, socket": () => {
    const s = socket();
    return urql({ exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription: (o) => ({ subscribe: (sink) => ({ unsubscribe: s.subscribe({ ...o, query: o.query ?? "" }, sink) }) }) })] });
  },
  "urql, server-sent events": () => urql({ exchanges: [fetchExchange], fetchSubscriptions: true }),
  "graphql-ws": () => sinks(socket()),
  "graphql-sse, a single connection": () => sinks(createSse({ url: http, headers: { Authorization }, retryAttempts: 0, singleConnection: true })),
  "graphql-sse, distinct connections": () => sinks(createSse({ url: http, headers: { Authorization }, retryAttempts: 0 })),
};

// urql gives up its request when nobody listens any more, and fetch says so.
process.on("uncaughtException", (e) => { if (e.name !== "AbortError") throw e; });

for (const [client, run] of Object.entries(clients)) {
  try {
    print({ client, ...(await run()) });
  } catch (e) {
    print({ client, failed: String(e?.stack ?? e) });
  }
}
process.exit(0); // sockets are kept open for a while
