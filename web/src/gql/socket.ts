import { createClient } from "graphql-ws";
import type { TypedDocumentNode } from "@urql/core";
import { follow } from "../../../client/ts/follow.js";
import { store } from "@/lib/store";
import { nameOf, textOf } from "./document";
import { endpoint } from "./http";
import type { AnswerError } from "./problem";
import { Refusal } from "./problem";
import { sessions } from "./session";

/** Whether what is live can be trusted to be. */
export type Connection = "idle" | "open" | "lost";

export const connection = store<Connection>("idle");

/** How long nothing may come before the line is asked whether it is there, and how long it may take to say so; in ms. */
const [quiet, patience] = [5_000, 2_000];

let unanswered: ReturnType<typeof setTimeout> | undefined;

/** Waits for the next try, the longer the more there were, and no longer than until the browser has a network again. */
async function pause(tries: number): Promise<void> {
  const wait = Math.min(500 * 2 ** tries, 10_000) * (0.5 + Math.random() / 2);
  await new Promise<void>((go) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      go();
    };
    const timer = setTimeout(done, wait);
    addEventListener("online", done);
  });
}

/**
 * The token of the next connection. While the session is over nobody connects, as all
 * streams would end for good; when the panel gives none for now, it is asked again.
 */
async function nextToken(): Promise<string> {
  for (let tries = 0; ; tries++) {
    await sessions.present();
    const token = await sessions.token().catch(() => null);
    if (token !== null) return token;
    await pause(tries);
  }
}

let token = "";

const client = createClient({
  url: async () => {
    token = await nextToken();
    return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${endpoint}`;
  },
  lazy: true,
  lazyCloseTimeout: 5_000,
  keepAlive: quiet,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
  retryWait: pause,
  connectionParams: () => ({ Authorization: `Bearer ${token}` }),
  on: {
    connected: () => connection.set("open"),
    closed: (event) => {
      clearTimeout(unanswered);
      const code = (event as CloseEvent).code;
      if (code === 4403) forbidden(connection.get() === "open");
      connection.set(code === 1000 ? "idle" : "lost");
    },
    ping: (received) => {
      if (!received) unanswered = setTimeout(() => client.terminate(), patience);
    },
    pong: (received) => {
      if (received) clearTimeout(unanswered);
    },
  },
});

// The browser knows that there is no network long before a socket does.
globalThis.addEventListener?.("offline", () => {
  if (connection.get() === "open") client.terminate();
});
// Who the tab is has changed: what is open belongs to somebody else.
sessions.acting.subscribe(() => client.terminate());

/**
 * The panel takes the token no more, or rights have changed: it is shown by a new token
 * whether the session is over. Who acts as somebody goes on with the token that there is
 * while the panel lets it in.
 */
function forbidden(wasIn: boolean): void {
  if (!wasIn || !sessions.acting.get()) sessions.distrust(sessions.current.get()?.accessToken);
  sessions.renew().catch(() => {}); // nextToken tries again
}

export interface Listener<Data> {
  next(data: Data): void;
  /** The stream cannot go on; not called for a lost connection, which is taken up again. */
  error?(problem: Refusal): void;
  complete?(): void;
}

/**
 * Listens to a subscription, past the cache. With a variable `after` and `position` in
 * what is selected, it goes on behind the last event after each break, and each event
 * comes once. The returned function ends it.
 */
export function listen<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables, listener: Listener<Data>): () => void {
  const query = textOf(document);
  const stream = follow(variables as object);
  return client.subscribe<Data>(
    { query, operationName: nameOf(query), variables: stream.variables as Record<string, unknown> },
    {
      next(result) {
        if (result.errors?.length) return listener.error?.(new Refusal(result.errors as AnswerError[]));
        if (result.data && stream.isNew(result)) listener.next(result.data);
      },
      error: (error) => listener.error?.(new Refusal(Array.isArray(error) ? (error as AnswerError[]) : null)),
      complete: () => listener.complete?.(),
    },
  );
}
