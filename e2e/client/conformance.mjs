// Holds a server to graphql-transport-ws, check by check, as its text has it:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
// In: {url, init, badInit, more?, endless: {query, variables}, short: {query, variables}}:
// payloads of connection_init, a subscription that goes on for a minute, and one that
// gives events and ends; with more: true what the reference server answers with 4500 is
// asked for, too. The server's /metrics has a line "mpanel_live_executing N",
// which goes down when a source has ended, and not when its stream is told to.
// Out: {check, ok, why?} for each check.
import WebSocket from "ws";
import { input, print } from "./stdin.mjs";

const protocol = "graphql-transport-ws";
const patience = 3000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A bare socket whose messages and close come out of next(). */
class Socket {
  constructor(protocols = [protocol]) {
    this.got = [];
    this.ws = new WebSocket(`${input.url.replace(/^http/, "ws")}/graphql`, protocols);
    this.ws.on("message", (m) => this.#put(plain(JSON.parse(m))));
    this.ws.on("close", (close) => this.#put({ close }));
    this.ws.on("error", () => {});
    this.opened = new Promise((done, fail) => { this.ws.once("open", done); this.ws.once("error", fail); });
  }
  #put(m) {
    if (m.type === "ping") this.send({ type: "pong" });
    else if (this.waits) { const w = this.waits; this.waits = null; w(m); } else this.got.push(m);
  }
  send(m) { this.ws.send(typeof m === "string" || Buffer.isBuffer(m) ? m : JSON.stringify(m)); }
  next(ms = patience) {
    if (this.got.length > 0) return Promise.resolve(this.got.shift());
    return new Promise((done) => {
      const timer = setTimeout(() => { this.waits = null; done(null); }, ms);
      this.waits = (m) => { clearTimeout(timer); done(m); };
    });
  }
  subscribe(id, payload) { this.send({ id, type: "subscribe", payload }); }
}

async function open(...protocols) {
  const s = new Socket(...protocols);
  await s.opened;
  return s;
}

async function ready() {
  const s = await open();
  s.send({ type: "connection_init", payload: input.init });
  expect(await s.next(), { type: "connection_ack" });
  return s;
}

// What a server tells beside data and errors is its own business.
function plain(m) { if (m?.payload?.data !== undefined) delete m.payload.extensions; return m; }
function same(a, b) { return JSON.stringify(a) === JSON.stringify(b); }
function expect(got, want) {
  for (const [key, value] of Object.entries(want)) {
    if (!same(got?.[key], value)) throw new Error(`want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
  }
}
const closes = async (s, code) => expect(await s.next(8000), { close: code });
const quiet = async (s, ms = 400) => { const m = await s.next(ms); if (m) throw new Error(`want nothing, got ${JSON.stringify(m)}`); };
async function alive(s) {
  s.subscribe("alive", { query: "{ __typename }" });
  expect(await s.next(), { id: "alive", type: "next", payload: { data: { __typename: "Query" } } });
  expect(await s.next(), { id: "alive", type: "complete" });
}
async function streams() {
  const text = await (await fetch(`${input.url}/metrics`)).text();
  return Number(/^mpanel_live_executing (\d+)$/m.exec(text)[1]);
}
async function streamsBecome(n, ms = 1000) {
  const began = Date.now();
  for (let have; ; await pause(20)) {
    if ((have = await streams()) === n) return;
    if (Date.now() - began > ms) throw new Error(`want ${n} streams within ${ms} ms, there are ${have}`);
  }
}

const checks = {
  async "the subprotocol is agreed on"() { expect({ protocol: (await open()).ws.protocol }, { protocol }); },
  async "4406 without the subprotocol"() { await closes(await open([]), 4406); },
  async "4401 for a subscribe before the acknowledgement"() { const s = await open(); s.subscribe("1", { query: "{ __typename }" }); await closes(s, 4401); },
  async "4403 for what is not accepted"() { const s = await open(); s.send({ type: "connection_init", payload: input.badInit }); await closes(s, 4403); },
  async "4408 without connection_init"() { await closes(await open(), 4408); },
  async "4429 for a second connection_init"() { const s = await ready(); s.send({ type: "connection_init" }); await closes(s, 4429); },
  async "4429 for two at once"() {
    const s = await open();
    s.send({ type: "connection_init", payload: input.init });
    s.send({ type: "connection_init", payload: input.init });
    for (let m; (m = await s.next());) if (m.close) return expect(m, { close: 4429 });
    throw new Error("not closed");
  },
  async "4409 for an id that is in use"() {
    const s = await ready();
    s.subscribe("a", input.endless);
    s.subscribe("a", input.endless);
    for (let m; (m = await s.next());) if (m.close) return expect(m, { close: 4409 });
    throw new Error("not closed");
  },
  async "a ping is answered before the acknowledgement"() { const s = await open(); s.send({ type: "ping" }); expect(await s.next(), { type: "pong" }); },
  async "a pong has the ping's payload, before and after the acknowledgement"() {
    const payload = { a: [1, "ü", null], b: { c: 1.5 } };
    for (const s of [await open(), await ready()]) {
      s.send({ type: "ping", payload });
      expect(await s.next(), { type: "pong", payload });
    }
  },
  async "a pong without being asked is taken, before and after the acknowledgement"() {
    const s = await open();
    s.send({ type: "pong" });
    s.send({ type: "connection_init", payload: input.init });
    expect(await s.next(), { type: "connection_ack" });
    s.send({ type: "pong", payload: { a: 1 } });
    await alive(s);
  },
  async "a ping frame is answered"() {
    const s = await open();
    const got = new Promise((done, fail) => { s.ws.once("pong", done); setTimeout(() => fail(new Error("no pong")), patience); });
    s.ws.ping("hello");
    expect({ data: String(await got) }, { data: "hello" });
  },
  async "a query is one next and a complete, and its id is free again"() { const s = await ready(); await alive(s); await alive(s); await quiet(s); },
  async "an acknowledgement comes once"() { await quiet(await ready()); },
  async "a subscription's events, then a complete"() {
    const s = await ready();
    s.subscribe("events", input.short);
    let n = 0;
    for (let m; (m = await s.next()); n++) {
      if (m.type === "complete") { expect(m, { id: "events" }); break; }
      expect(m, { id: "events", type: "next" });
      if (m.payload.errors || !m.payload.data) throw new Error(JSON.stringify(m));
    }
    if (n === 0) throw new Error("no events");
    await quiet(s);
    await alive(s);
  },
  async "a client's complete is not answered"() {
    const s = await ready();
    s.subscribe("a", input.endless);
    expect(await s.next(), { id: "a", type: "next" });
    s.send({ id: "a", type: "complete" });
    for (let m; (m = await s.next(600));) if (m.type !== "next") throw new Error(`got ${JSON.stringify(m)}`);
    await alive(s);
  },
  async "an id may be taken again after a complete"() {
    const s = await ready();
    for (let i = 0; i < 3; i++) {
      s.subscribe("a", input.endless);
      s.send({ id: "a", type: "complete" });
    }
    s.subscribe("a", input.endless);
    expect(await s.next(), { id: "a", type: "next" });
  },
  async "a complete of what is not there is overlooked"() { const s = await ready(); s.send({ id: "none", type: "complete" }); await alive(s); },
  async "operations side by side"() {
    const s = await ready();
    s.subscribe("a", input.endless);
    s.subscribe("b", input.endless);
    const seen = new Set();
    while (seen.size < 2) { const m = await s.next(); expect(m, { type: "next" }); seen.add(m.id); }
    await new Promise((done) => { s.send({ id: "a", type: "complete" }); setTimeout(done, 100); });
    s.subscribe("c", { query: "{ __typename }" });
    for (let m; (m = await s.next());) { if (m.id === "c") return; if (m.type !== "next") throw new Error(JSON.stringify(m)); }
    throw new Error("no answer");
  },
};

const bad = { "a field that is not there": "{ thereIsNoSuchField }", "a variable that is not declared": "{ __typename @include(if: $x) }" };
if (input.more) Object.assign(bad, { "no GraphQL": "{", "nothing": "", "a NUL": "{ __type\0name }" });
for (const [name, query] of Object.entries(bad)) {
  checks[`an error, and no complete: ${name}`] = async () => {
    const s = await ready();
    s.subscribe("bad", { query });
    const m = await s.next();
    expect(m, { id: "bad", type: "error" });
    if (!Array.isArray(m.payload) || m.payload.length === 0 || m.payload.some((e) => typeof e.message !== "string")) throw new Error(JSON.stringify(m));
    await quiet(s);
    s.subscribe("bad", { query: "{ __typename }" });
    expect(await s.next(), { id: "bad", type: "next" });
  };
}

const good = { query: "{ __typename }" };
const ofTheServer = {
  "the server's connection_ack": `{"type":"connection_ack"}`, "the server's next": `{"id":"1","type":"next","payload":{"data":null}}`,
  "the server's error": `{"id":"1","type":"error","payload":[{"message":"x"}]}`,
};
for (const [name, text] of Object.entries({
  ...(input.more ? ofTheServer : {}),
  "not JSON": "{", "nothing": "", "a string": `"x"`, "null": "null", "a list": "[]", "a number": "1", "two values": `{"type":"ping"} {"type":"ping"}`,
  "no type": "{}", "a type that is null": `{"type":null}`, "a type that is a number": `{"type":1}`, "an unknown type": `{"type":"start"}`, "an empty type": `{"type":""}`,
  "an init whose payload is a string": `{"type":"connection_init","payload":"x"}`, "an init whose payload is a list": `{"type":"connection_init","payload":[]}`,
  "an init whose payload is a number": `{"type":"connection_init","payload":1}`,
  "a ping whose payload is a string": `{"type":"ping","payload":"x"}`, "a pong whose payload is a list": `{"type":"pong","payload":[]}`,
})) checks[`4400 before the acknowledgement: ${name}`] = async () => { const s = await open(); s.send(text); await closes(s, 4400); };

for (const [name, message] of Object.entries({
  "a subscribe without id": { payload: good }, "with an empty id": { id: "", payload: good }, "with a number as id": { id: 1, payload: good }, "with null as id": { id: null, payload: good },
  "without payload": { id: "1" }, "with null as payload": { id: "1", payload: null }, "with a string as payload": { id: "1", payload: "x" }, "with a list as payload": { id: "1", payload: [] },
  "without query": { id: "1", payload: {} }, "with null as query": { id: "1", payload: { query: null } }, "with a number as query": { id: "1", payload: { query: 1 } },
  "with variables that are a list": { id: "1", payload: { ...good, variables: [] } }, "with variables that are a string": { id: "1", payload: { ...good, variables: "{}" } },
  "with a number as operationName": { id: "1", payload: { ...good, operationName: 1 } }, "with extensions that are a list": { id: "1", payload: { ...good, extensions: [] } },
})) checks[`4400: ${name}`] = async () => { const s = await ready(); s.send({ type: "subscribe", ...message }); await closes(s, 4400); };
for (const [name, message] of Object.entries({ "a complete without id": {}, "with an empty id": { id: "" }, "with a number as id": { id: 1 } })) {
  checks[`4400: a complete: ${name}`] = async () => { const s = await ready(); s.send({ type: "complete", ...message }); await closes(s, 4400); };
}

let before;
// What counts the server's streams comes when the others are over.
const counting = {
  async "the source stops within a second of a complete"() {
    const s = await ready();
    s.subscribe("a", input.endless);
    s.subscribe("b", input.endless);
    await streamsBecome(before + 2, patience);
    s.send({ id: "a", type: "complete" });
    await streamsBecome(before + 1);
    s.ws.close(1000);
    await streamsBecome(before);
  },
  async "sources stop within a second of a disconnect"() {
    const s = await ready();
    for (let i = 0; i < 20; i++) s.subscribe(String(i), input.endless);
    await streamsBecome(before + 20, patience);
    s.ws.terminate();
    await streamsBecome(before);
  },
};

const sockets = new Set();
const connect = WebSocket.prototype.setSocket;
WebSocket.prototype.setSocket = function (...args) { sockets.add(this); return connect.apply(this, args); };
async function run(name, check) {
  try {
    await check();
    print({ check: name, ok: true });
  } catch (e) {
    print({ check: name, ok: false, why: String(e.message ?? e) });
  }
}
await Promise.all(Object.entries(checks).map(([name, check]) => run(name, check)));
for (const ws of sockets) ws.terminate();
await pause(1000);
before = await streams(); // the reference server forgets some that were completed at once
if (input.more && before !== 0) print({ check: "no stream is left", ok: false, why: `there are ${before}` });
for (const [name, check] of Object.entries(counting)) await run(name, check);
process.exit(0);
