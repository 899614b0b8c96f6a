import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { TypedDocumentNode } from "@urql/core";
import type { Refusal } from "./problem";

/** A socket as browsers have it, at whose other end the test speaks graphql-transport-ws. */
class Wire extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static all: Wire[] = [];
  readyState = Wire.CONNECTING;
  readonly got: { type: string; id?: string; payload?: Record<string, unknown> }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  constructor(readonly url: string) {
    super();
    Wire.all.push(this);
  }
  send(text: string) {
    this.got.push(JSON.parse(text));
  }
  close(code = 1000, reason = "") {
    if (this.readyState === Wire.CLOSED) return;
    this.readyState = Wire.CLOSED;
    this.onclose?.(new CloseEvent("close", { code, reason, wasClean: code === 1000 }));
  }
  async opens() {
    this.readyState = Wire.OPEN;
    this.onopen?.();
    await vi.advanceTimersByTimeAsync(0);
    this.says({ type: "connection_ack" });
    await vi.advanceTimersByTimeAsync(0);
  }
  says(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  of = (type: string) => this.got.filter((message) => message.type === type);
  last = (type: string) => this.of(type).at(-1)!;
}

const FEED = "subscription Feed($after: StreamPosition) { feed(after: $after) { position } }" as unknown as TypedDocumentNode<{ feed: { position: string } }, { after?: string }>;
let socket: typeof import("./socket");
let sessions: typeof import("./session")["sessions"];
let token: ReturnType<typeof vi.fn>;
const newest = () => Wire.all.at(-1)!;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
  vi.stubGlobal("WebSocket", Wire);
  Wire.all = [];
  vi.resetModules();
  ({ sessions } = await import("./session"));
  sessions.begin({ accessToken: "access-1", expiresAt: Date.now() + 900_000, userId: "u1" });
  token = vi.spyOn(sessions, "token").mockResolvedValue("access-1") as never;
  socket = await import("./socket");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function hear() {
  const heard = { next: [] as string[], errors: [] as Refusal[] };
  const end = socket.listen(FEED, {}, { next: ({ feed }) => heard.next.push(feed.position), error: (problem) => heard.errors.push(problem) });
  return { heard, end };
}
async function opened() {
  const one = hear();
  await vi.advanceTimersByTimeAsync(0);
  await newest().opens();
  return one;
}
const comes = (position: string, wire = newest()) => wire.says({ type: "next", id: wire.last("subscribe").id, payload: { data: { feed: { position } } } });

it("opens when somebody listens, with the token in its first message and not in its address", async () => {
  expect(socket.connection.get()).toBe("idle");
  expect(Wire.all).toHaveLength(0);
  await opened();
  expect(newest().url).toBe(`ws://${location.host}/graphql`);
  expect(newest().last("connection_init").payload).toEqual({ Authorization: "Bearer access-1" });
  expect(newest().last("subscribe").payload).toMatchObject({ operationName: "Feed", query: expect.stringContaining("subscription Feed") });
  expect(socket.connection.get()).toBe("open");
});

it("asks again for a token that it cannot have now, and connects with it", async () => {
  token.mockRejectedValueOnce(new Error("away")).mockResolvedValueOnce(null);
  hear();
  await vi.advanceTimersByTimeAsync(200);
  expect(Wire.all).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1_000);
  await newest().opens();
  expect(newest().last("connection_init").payload).toEqual({ Authorization: "Bearer access-1" });
});

it("U10: waits while the session is over, and goes on behind the last event when it is there again", async () => {
  const { heard } = await opened();
  comes("p1");
  vi.spyOn(sessions, "renew").mockImplementation(async () => ((sessions as unknown as { end: (state: string) => void }).end("expired"), false));
  newest().close(4403);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Wire.all).toHaveLength(1); // a connection of nobody would end all streams
  token.mockResolvedValue("access-2");
  sessions.begin({ accessToken: "access-2", expiresAt: Date.now() + 900_000, userId: "u1" });
  await vi.advanceTimersByTimeAsync(0);
  await newest().opens();
  expect(newest().last("connection_init").payload).toEqual({ Authorization: "Bearer access-2" });
  expect(newest().last("subscribe").payload).toMatchObject({ variables: { after: "p1" } });
  comes("p2");
  expect(heard).toEqual({ next: ["p1", "p2"], errors: [] });
});

it("U7: goes on behind the last event after a break, and each event comes once", async () => {
  const { heard } = await opened();
  comes("p1");
  comes("p2");
  newest().close(1006);
  expect(socket.connection.get()).toBe("lost");
  expect(Wire.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(600);
  expect(Wire.all).toHaveLength(2);
  await newest().opens();
  expect(newest().last("subscribe").payload).toMatchObject({ variables: { after: "p2" } });
  expect(socket.connection.get()).toBe("open");
  comes("p2");
  comes("p3");
  expect(heard).toEqual({ next: ["p1", "p2", "p3"], errors: [] });
});

it("U7: tries again at once when the network is back, and after longer pauses while it is away", async () => {
  await opened();
  newest().close(1006);
  for (let n = 2; n <= 6; n++) {
    await vi.advanceTimersByTimeAsync(5_000);
    expect(Wire.all.length).toBeGreaterThanOrEqual(2);
    newest().close(1006);
  }
  const tried = Wire.all.length;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Wire.all).toHaveLength(tried); // the pause is longer by now
  globalThis.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(Wire.all).toHaveLength(tried + 1);
});

it("U7: a line on which nothing comes is asked, and given up when it does not answer", async () => {
  await opened();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(newest().of("ping")).toHaveLength(1);
  newest().says({ type: "pong" });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(newest().of("ping")).toHaveLength(2);
  expect(socket.connection.get()).toBe("open");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(socket.connection.get()).toBe("lost");
});

it("U7: is lost as soon as the browser knows that there is no network", async () => {
  await opened();
  globalThis.dispatchEvent(new Event("offline"));
  expect(socket.connection.get()).toBe("lost");
});

it("has nothing to lose where nothing is open", () => {
  globalThis.dispatchEvent(new Event("offline"));
  expect(socket.connection.get()).toBe("idle");
});

it("asks for the session when the panel closes with 4403, and goes on", async () => {
  const renew = vi.spyOn(sessions, "renew").mockRejectedValue(new Error("away"));
  await opened();
  newest().close(4403);
  expect(renew).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(600);
  expect(Wire.all.length).toBeGreaterThan(1);
});

it("asks for no session when the line is cut", async () => {
  const renew = vi.spyOn(sessions, "renew").mockResolvedValue(true);
  await opened();
  newest().close(1006);
  expect(renew).not.toHaveBeenCalled();
});

it("U21: closes what is open when the tab becomes somebody else, and opens it as them", async () => {
  await opened();
  token.mockResolvedValue("theirs");
  sessions.actAs({ accessToken: "theirs", expiresAt: Date.now() + 60_000 });
  expect(socket.connection.get()).toBe("lost");
  await vi.advanceTimersByTimeAsync(600);
  await newest().opens();
  expect(newest().last("connection_init").payload).toEqual({ Authorization: "Bearer theirs" });
});

it("closes some seconds after nobody listens any more", async () => {
  const { end } = await opened();
  end();
  expect(newest().of("complete")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(newest().readyState).toBe(Wire.CLOSED);
  expect(socket.connection.get()).toBe("idle");
});

it("tells what the panel refuses, of one event and of the whole stream", async () => {
  const { heard } = await opened();
  const { id } = newest().last("subscribe");
  newest().says({ type: "next", id, payload: { errors: [{ message: "Not this one.", extensions: { code: "FORBIDDEN" } }] } });
  expect(heard.errors[0]!.problems[0]).toMatchObject({ code: "FORBIDDEN", message: "Not this one." });
  newest().says({ type: "error", id, payload: [{ message: "Gone.", extensions: { code: "NOT_FOUND" } }] });
  expect(heard.errors[1]!.problems[0]).toMatchObject({ code: "NOT_FOUND" });
  expect(heard.next).toEqual([]);
});

const breaksOff = (code: string, wire = newest()) => wire.says({ type: "error", id: wire.last("subscribe").id, payload: [{ message: "Not now.", extensions: { code } }] });

it.each(["INTERNAL", "UNAVAILABLE", "RATE_LIMITED"])("U7: takes up a stream that the panel has broken off with %s, behind the last event, and says meanwhile that it is lost", async (code) => {
  const { heard } = await opened();
  comes("p1");
  breaksOff(code);
  expect(socket.connection.get()).toBe("lost");
  await vi.advanceTimersByTimeAsync(600);
  expect(newest().of("subscribe")).toHaveLength(2);
  expect(newest().last("subscribe").payload).toMatchObject({ variables: { after: "p1" } });
  expect(socket.connection.get()).toBe("lost"); // nobody knows yet
  comes("p2");
  expect(socket.connection.get()).toBe("open");
  expect(heard).toEqual({ next: ["p1", "p2"], errors: [] });
});

it("U7: an event that could not be read comes with the stream that is taken up again", async () => {
  const { heard } = await opened();
  comes("p1");
  newest().says({ type: "next", id: newest().last("subscribe").id, payload: { data: null, errors: [{ message: "Not now.", extensions: { code: "INTERNAL" } }] } });
  await vi.advanceTimersByTimeAsync(600);
  expect(newest().last("subscribe").payload).toMatchObject({ variables: { after: "p1" } });
  comes("p2");
  expect(heard).toEqual({ next: ["p1", "p2"], errors: [] });
});

it("U7: a stream that is quiet is there again when no refusal has come, and is tried after longer pauses until then", async () => {
  await opened();
  const tried = () => newest().of("subscribe").length;
  breaksOff("UNAVAILABLE");
  await vi.advanceTimersByTimeAsync(300);
  expect(tried()).toBe(2);
  breaksOff("UNAVAILABLE");
  await vi.advanceTimersByTimeAsync(300);
  expect(tried()).toBe(2);
  await vi.advanceTimersByTimeAsync(300);
  expect(tried()).toBe(3);
  expect(socket.connection.get()).toBe("lost");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(socket.connection.get()).toBe("open");
});

/** Time goes on, and the line answers. */
async function later(ms: number) {
  for (let left = ms; left > 0; left -= 1_000) {
    await vi.advanceTimersByTimeAsync(Math.min(left, 1_000));
    newest().says({ type: "pong" });
  }
}
/** The stream breaks off each time that it is begun, n times, and was begun once more then. */
async function breaksOffAgain(code: string, n: number) {
  for (let i = 0; i < n; i++) {
    const tried = newest().of("subscribe").length;
    breaksOff(code);
    expect(socket.connection.get()).toBe("lost");
    await later(Math.min(250 * 2 ** i, 5_000));
    expect(newest().of("subscribe")).toHaveLength(tried + 1);
  }
}

it("U7: an event that is a mistake each time stops its stream after some tries, which goes on behind the last one when somebody says so", async () => {
  const { heard } = await opened();
  comes("p1");
  await breaksOffAgain("INTERNAL", 6);
  breaksOff("INTERNAL");
  expect(socket.connection.get()).toBe("stopped");
  await vi.advanceTimersByTimeAsync(600_000);
  expect(Wire.all.flatMap((wire) => wire.of("subscribe"))).toHaveLength(7);
  socket.resume();
  expect(socket.connection.get()).toBe("lost");
  await vi.advanceTimersByTimeAsync(0);
  await newest().opens();
  expect(newest().last("subscribe").payload).toMatchObject({ variables: { after: "p1" } });
  comes("p2");
  expect(socket.connection.get()).toBe("open");
  expect(heard).toEqual({ next: ["p1", "p2"], errors: [] });
});

it("U7: a stream that has stopped is tried again with the next line, and tells nothing once it is left", async () => {
  const { end } = await opened();
  await breaksOffAgain("INTERNAL", 6);
  breaksOff("INTERNAL");
  hear();
  await vi.advanceTimersByTimeAsync(0);
  newest().close(1006);
  expect(socket.connection.get()).toBe("lost");
  await vi.advanceTimersByTimeAsync(600);
  await newest().opens();
  expect(newest().of("subscribe")).toHaveLength(2);
  await breaksOffAgain("INTERNAL", 6);
  breaksOff("INTERNAL");
  expect(socket.connection.get()).toBe("stopped");
  end();
  expect(socket.connection.get()).toBe("open");
});

it("U7: what only passes is tried for as long as it takes", async () => {
  await opened();
  await breaksOffAgain("UNAVAILABLE", 9);
});

it("a stream that was left while it was broken is not taken up, and nothing is lost any more", async () => {
  const { end } = await opened();
  breaksOff("UNAVAILABLE");
  end();
  expect(socket.connection.get()).toBe("open");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(newest().of("subscribe")).toHaveLength(1);
});

it("tells that a stream cannot go on when the panel takes what was said for a mistake", async () => {
  const { heard } = await opened();
  newest().close(4400, "unexpected message");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(heard.errors[0]!.problems[0]!.code).toBe("OFFLINE");
  expect(Wire.all).toHaveLength(1);
});

it("overlooks an end and an error that nobody wants to know", async () => {
  const next = vi.fn();
  socket.listen(FEED, {}, { next });
  await vi.advanceTimersByTimeAsync(0);
  await newest().opens();
  const { id } = newest().last("subscribe");
  newest().says({ type: "next", id, payload: { errors: [{ message: "x" }] } });
  newest().says({ type: "next", id, payload: {} });
  newest().says({ type: "complete", id });
  expect(next).not.toHaveBeenCalled();
});
