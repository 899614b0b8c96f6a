// Follows jobs over one WebSocket each with the stock graphql-ws client.
// In: {url, token?, watches: [{name, job, after?, cuts?: [{events?, ms?}]}]}.
// A cut breaks the connection without a word after so many events of it or so
// many milliseconds, whichever comes first; the next connection goes on after
// the last position. Without cuts left it stays until the stream ends.
// Out, each with the watch's name: {connected}, {item}, {cut}, {errors},
// {closed: {code, reason}}, {complete}. A watch ends with one of the last three.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { input, print } from "./stdin.mjs";

const query = `subscription ($id: ID!, $after: StreamPosition) {
  jobProgress(id: $id, after: $after) {
    __typename
    ... on JobEvent { position at jobId kind state step stepState percent message error { code message retryable } }
    ... on StreamGap { position }
  }
}`;

/** Runs one connection of a watch; tells whether to connect again. */
function connection(watch, cut) {
  return new Promise((again) => {
    const { name } = watch;
    let socket, timer, events = 0, over = false;
    const end = (goOn) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      again(goOn);
      // Nobody is told: this is how a network breaks.
      if (goOn) socket?.terminate();
      else void client.dispose();
    };
    const breakOff = () => {
      if (!over) print({ name, cut: events });
      end(true);
    };
    const client = createClient({
      url: `${input.url.replace(/^http/, "ws")}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: input.token ? { Authorization: `Bearer ${input.token}` } : {},
      on: {
        opened: (s) => { socket = s; },
        connected: () => {
          print({ name, connected: true });
          if (cut?.ms !== undefined) timer = setTimeout(breakOff, cut.ms);
        },
      },
    });
    client.subscribe({ query, variables: { id: watch.job, after: watch.after } }, {
      next: ({ data, errors }) => {
        if (over) return;
        if (errors) {
          print({ name, errors });
          return end(false);
        }
        print({ name, item: data.jobProgress });
        watch.after = data.jobProgress.position;
        events++;
        if (cut?.events !== undefined && events >= cut.events) breakOff();
      },
      error: (e) => {
        if (over) return;
        if (Array.isArray(e)) print({ name, errors: e });
        else print({ name, closed: { code: e.code ?? 0, reason: e.reason ?? String(e) } });
        end(false);
      },
      complete: () => {
        if (over) return;
        print({ name, complete: true });
        end(false);
      },
    });
  });
}

await Promise.all(input.watches.map(async (watch) => {
  const cuts = [...(watch.cuts ?? [])];
  while (await connection(watch, cuts.shift()));
}));
