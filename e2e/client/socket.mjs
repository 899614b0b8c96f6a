// Opens one bare WebSocket, sends what it is told to and prints all that happens
// until the socket is closed.
// In: {url, origin?, protocol?, send?: [text], bytes?}: bytes is the length of
// one further frame. Out: {open}, {message}, {refused: status} or {close: {code, reason}}.
import WebSocket from "ws";
import { input, print } from "./stdin.mjs";

const protocols = input.protocol === undefined ? ["graphql-transport-ws"] : [input.protocol];
const ws = new WebSocket(`${input.url.replace(/^http/, "ws")}/graphql`, protocols, { origin: input.origin });
ws.on("unexpected-response", (_, res) => {
  print({ refused: res.statusCode });
  ws.terminate();
});
ws.on("error", () => {}); // a close or a refusal says the same, better
ws.on("open", () => {
  print({ open: true });
  for (const text of input.send ?? []) ws.send(text);
  if (input.bytes) ws.send("x".repeat(input.bytes));
});
ws.on("message", (m) => print({ message: JSON.parse(m) }));
ws.on("close", (code, reason) => print({ close: { code, reason: String(reason) } }));
