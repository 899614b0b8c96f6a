// Follows a job with Apollo Client and with urql, whose connection is cut without a
// word after each few events, by the link and the exchange of client/ts and without.
// In: {url, token, job, cutEvery}. Out, of each: {client, positions, connections}.
import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { resumeLink } from "./mpanel/apollo.js";
import { resumeExchange } from "./mpanel/urql.js";
import { input, print } from "./stdin.mjs";

const progress = `subscription ($id: ID!, $after: StreamPosition) {
  jobProgress(id: $id, after: $after) { __typename ... on JobEvent { position } ... on StreamGap { position } }
}`;
const variables = { id: input.job };

/** A client of sockets that are cut after so many messages, a few times. */
function rude() {
  let cuts = 3, connections = 0;
  class Cut extends WebSocket {
    constructor(...args) {
      super(...args);
      connections++;
    }
    set onmessage(handle) {
      let events = 0, cut = false;
      super.onmessage = (message) => {
        if (cut) return; // what was on the way
        handle(message);
        cut = JSON.parse(message.data).type === "next" && ++events === input.cutEvery && cuts-- > 0;
        if (cut) this.terminate();
      };
    }
  }
  const client = createClient({
    url: `${input.url.replace(/^http/, "ws")}/graphql`, webSocketImpl: Cut, connectionParams: { Authorization: `Bearer ${input.token}` },
    retryAttempts: 10, shouldRetry: () => true, retryWait: async () => {},
  });
  return { client, connections: () => connections };
}

async function apollo(links) {
  const { client, connections } = rude();
  const app = new ApolloClient({ link: ApolloLink.from([...links, new GraphQLWsLink(client)]), cache: new InMemoryCache() });
  const positions = [];
  await new Promise((resolve, reject) => app.subscribe({ query: gql(progress), variables, fetchPolicy: "no-cache" }).subscribe({
    next: ({ data, error }) => (error ? reject(error) : positions.push(data.jobProgress.position)), error: reject, complete: resolve,
  }));
  return { positions, connections: connections() };
}

async function urql(exchanges) {
  const { client, connections } = rude();
  const over = {};
  const done = new Promise((resolve, reject) => Object.assign(over, { resolve, reject }));
  const app = new Client({
    url: `${input.url}/graphql`, preferGetMethod: false,
    exchanges: [...exchanges, subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({
          unsubscribe: client.subscribe(request, { next: (r) => sink.next(r), error: over.reject, complete: () => { sink.complete(); over.resolve(); } }),
        }),
      }),
    })],
  });
  const positions = [];
  app.subscription(progress, variables).subscribe((r) => { if (r.data) positions.push(r.data.jobProgress.position); });
  await done;
  return { positions, connections: connections() };
}

for (const [client, run] of Object.entries({
  "Apollo, unmodified": () => apollo([]), "urql, unmodified": () => urql([]),
  "Apollo": () => apollo([resumeLink()]), "urql": () => urql([resumeExchange]),
})) print({ client, ...(await run()) });
process.exit(0); // sockets are kept open for a while
