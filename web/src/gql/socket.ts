import { createClient } from "graphql-ws";
import type { TypedDocumentNode } from "@urql/core";
import { follow } from "../../../client/ts/follow.js";
import { store } from "@/lib/store";
import { nameOf, textOf } from "./document";
import { endpoint } from "./http";
import { type AnswerError, Refusal } from "./problem";
import { sessions } from "./session";

/** Whether what is live can be trusted to be; stopped is what goes on when somebody says so, see `resume`. */
export type Connection = "idle" | "open" | "lost" | "stopped";

export const connection = store<Connection>("idle");

/** How it is with the socket, which streams the panel has broken off and not taken up again, and how those go on that are not tried any more. */
let line: Connection = "idle";
const broken = new Set<object>();
const stopped = new Map<object, () => void>();

function tell(next: Connection = line): void {
  line = next;
  connection.set(broken.size > 0 ? "lost" : stopped.size > 0 && line !== "lost" ? "stopped" : line);
}

/** Tries the streams that have stopped once more. */
export function resume(): void {
  for (const go of [...stopped.values()]) go();
}

/** So often a stream is tried again that ends by a mistake of the panel's, such as an event that it cannot tell. */
const most = 6;

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
    connected: () => {
      tell("open");
      resume(); // it may be another panel by now
    },
    closed: (event) => {
      clearTimeout(unanswered);
      const code = (event as CloseEvent).code;
      if (code === 4403) forbidden(line === "open");
      tell(code === 1000 ? "idle" : "lost");
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
  if (line === "open") client.terminate();
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
  /** The stream cannot go on; not called for what passes, after which it is taken up again. */
  error?(problem: Refusal): void;
}

const refusal = (errors: unknown) => new Refusal(Array.isArray(errors) ? (errors as AnswerError[]) : null);

/** Whether it may be otherwise in a moment. */
const passes = ({ problems: [first] }: Refusal) => ["INTERNAL", "UNAVAILABLE", "RATE_LIMITED"].includes(first!.code);

/**
 * Listens to a subscription, past the cache. With a variable `after` and `position` in
 * what is selected, it goes on behind the last event after each break, of the line or of
 * the stream alone, and each event comes once. One that ends by a mistake of the panel's again
 * and again has stopped. The returned function ends it.
 */
export function listen<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables, listener: Listener<Data>): () => void {
  const query = textOf(document);
  const stream = follow(variables as object);
  const self = {};
  let tries = 0;
  let stands: ReturnType<typeof setTimeout> | undefined;
  let end = () => {};
  let ended = false;

  function whole() {
    clearTimeout(stands);
    tries = 0;
    const was = broken.delete(self);
    if (stopped.delete(self) || was) tell();
  }

  /** A stream that was begun does not say so: it is there when it tells something, or no refusal has come for a while. */
  function wait() {
    stands = setTimeout(() => (line === "open" ? whole() : wait()), patience);
  }

  function go() {
    if (ended) return;
    begin();
    wait();
  }

  async function again({ problems: [first] }: Refusal) {
    clearTimeout(stands);
    end();
    if (first!.code === "INTERNAL" && tries >= most) {
      broken.delete(self);
      stopped.set(self, () => {
        stopped.delete(self);
        broken.add(self);
        tries = 0;
        tell();
        go();
      });
      return tell();
    }
    broken.add(self);
    tell();
    await pause(tries++);
    go();
  }

  function begin() {
    let over = false;
    end = client.subscribe<Data>(
      { query, operationName: nameOf(query), variables: stream.variables as Record<string, unknown> },
      {
        next(result) {
          if (over) return;
          const problem = result.errors?.length ? refusal(result.errors) : null;
          if (problem && passes(problem)) {
            over = true; // what it would have told comes with the next
            return void again(problem);
          }
          whole();
          if (problem) listener.error?.(problem);
          else if (result.data && stream.isNew(result)) listener.next(result.data);
        },
        error(error) {
          if (over || ended) return;
          const problem = refusal(error);
          if (passes(problem)) return void again(problem);
          whole();
          listener.error?.(problem);
        },
        complete() {
          if (!over && !ended) whole();
        },
      },
    );
  }

  begin();
  return () => {
    ended = true;
    whole();
    end();
  };
}
