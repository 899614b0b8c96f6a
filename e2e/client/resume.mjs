// Follows a job with Apollo Client and with urql over each wire, whose connection is
// cut in the middle of an event after each few, by the link and the exchange of client/ts and
// without.
// In: {url, token, job, cutEvery}. Out, of each: {client, positions, connections}.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";
import { resumeLink } from "./mpanel/apollo.js";
import { resumeExchange } from "./mpanel/urql.js";
import { input, print } from "./stdin.mjs";

const progress = `subscription ($id: ID!, $after: StreamPosition) {
  jobProgress(id: $id, after: $after) { __typename ... on JobEvent { position } ... on StreamGap { position } }
}`;
const variables = { id: input.job };
const http = `${input.url}/graphql`, headers = { Authorization: `Bearer ${input.token}` };
const cuts = 3, again = { retryAttempts: 10, retry: async () => {}, retryWait: async () => {}, shouldRetry: () => true };

/** Sockets that are cut after so many events, a few times. */
function rudeSocket() {
  let left = cuts, connections = 0;
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
        cut = JSON.parse(message.data).type === "next" && ++events === input.cutEvery && left-- > 0;
        if (cut) this.terminate();
      };
    }
  }
  const client = createWs({ ...again, url: http.replace(/^http/, "ws"), webSocketImpl: Cut, connectionParams: headers });
  return { client, link: new GraphQLWsLink(client), connections: () => connections };
}

/**
 * A fetch whose streams are cut likewise, within the event that follows. A cut waits for the
 * answers to what was asked meanwhile: before them graphql-sse does not take a stream that
 * breaks for one that it has to open again.
 */
function rudeFetch() {
  let left = cuts, connections = 0, answered = Promise.resolve();
  const fetchFn = async (...args) => {
    const asked = fetch(...args);
    answered = Promise.allSettled([answered, asked]);
    const response = await asked;
    if (!/event-stream|multipart/.test(response.headers.get("content-type"))) return response;
    connections++;
    const reader = response.body.getReader();
    let events = 0, rest = 0, cut = false; // rest: of the text
    const body = new ReadableStream({
      async pull(controller) {
        if (cut) { // what came before was read
          await answered;
          setTimeout(() => controller.error(new TypeError("terminated")));
          return;
        }
        const { done, value } = await reader.read();
        if (done) return controller.close();
        const text = new TextDecoder("latin1").decode(value);
        for (rest = 0; left > 0 && (rest = text.indexOf('"position"', rest)) >= 0; rest++) {
          if (++events <= input.cutEvery) continue;
          left--;
          cut = true;
          controller.enqueue(value.slice(0, rest));
          return reader.cancel();
        }
        controller.enqueue(value);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
  return { fetchFn, connections: () => connections };
}

function rudeSse(options) {
  const { fetchFn, connections } = rudeFetch();
  return { client: createSse({ ...again, ...options, url: http, headers: { ...headers }, fetchFn }), connections };
}

function rudeMultipart() {
  const { fetchFn, connections } = rudeFetch();
  const link = ApolloLink.from([new RetryLink({ delay: { initial: 0 }, attempts: { max: 10 } }), new HttpLink({ uri: http, headers, fetch: fetchFn })]);
  return { link, connections };
}

async function apollo(links, { link, connections }) {
  const app = new ApolloClient({ link: ApolloLink.from([...links, link]), cache: new InMemoryCache() });
  const positions = [];
  await new Promise((resolve, reject) => app.subscribe({ query: gql(progress), variables, fetchPolicy: "no-cache" }).subscribe({
    next: ({ data, error }) => (error ? reject(error) : positions.push(data.jobProgress.position)), error: reject, complete: resolve,
  }));
  return { positions, connections: connections() };
}

async function urql(exchanges, { client, connections }) {
  const over = {};
  const done = new Promise((resolve, reject) => Object.assign(over, { resolve, reject }));
  const app = new Client({
    url: http, preferGetMethod: false,
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

const wires = {
  "a socket": rudeSocket,
  "server-sent events": () => rudeSse({}),
  "server-sent events of a single connection": () => rudeSse({ singleConnection: true }),
  "multipart": rudeMultipart,
};
for (const [wire, rude] of Object.entries(wires)) {
  for (const [name, run, ours] of [["Apollo", apollo, resumeLink()], ["urql", urql, resumeExchange]]) {
    const has = rude();
    if (!(run === apollo ? has.link : has.client)) continue; // not a wire of this client's
    print({ client: `${name} over ${wire}, unmodified`, ...(await run([], has)) });
    print({ client: `${name} over ${wire}`, ...(await run([ours], rude())) });
  }
}
process.exit(0); // sockets are kept open for a while
