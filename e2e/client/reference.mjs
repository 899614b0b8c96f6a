// The reference server of graphql-ws, on a port of its own, which conformance.mjs
// must find nothing wrong with. Out: {url}.
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { print } from "./stdin.mjs";

let streams = 0;
async function* count({ to }) {
  streams++;
  try {
    for (let i = 0; i < to; i++) {
      yield { count: i };
      if (i > 3) await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    streams--;
  }
}

const http = createServer((_, res) => res.end(`mpanel_live_executing ${streams}\n`));
useServer({
  schema: buildSchema("type Query { hello: String } type Subscription { count(to: Int!): Int! }"),
  roots: { query: { hello: "world" }, subscription: { count } },
  onConnect: ({ connectionParams }) => connectionParams?.Authorization !== "Bearer bad",
}, new WebSocketServer({ server: http, path: "/graphql" }));
http.listen(0, "127.0.0.1", () => print({ url: `http://127.0.0.1:${http.address().port}` }));
