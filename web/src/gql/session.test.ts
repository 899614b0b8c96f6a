import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { placeAt } from "@/testing/place";
import { Sessions } from "./session";

const minutes = 60_000;

/** A panel that gives these answers one after the other, the last one for good; it keeps what it was asked, and with which token. */
function panel(...answers: (object | (() => object) | "away")[]) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_: unknown, init: RequestInit) => {
    const token = new Headers(init.headers).get("Authorization")?.replace("Bearer", "") ?? "";
    asked.push((JSON.parse(String(init.body)) as { operationName: string }).operationName + token);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === "away" || answer === undefined) throw new TypeError("no answer");
    return Response.json(typeof answer === "function" ? answer() : answer);
  });
  return asked;
}

const renewed = (accessToken: string, life = 15 * minutes, id = "u1") => () => ({ data: { refreshSession: { accessToken, expiresAt: new Date(Date.now() + life).toISOString(), viewer: { user: { id } } } } });
const ended = { data: { endImpersonation: { impersonation: { endedAt: null } } } };
const signedOut = { data: { signOut: { ok: true } } };
const over = { errors: [{ message: "Sign in.", extensions: { code: "UNAUTHENTICATED" } }] };
const broken = { errors: [{ message: "A mistake.", extensions: { code: "INTERNAL" } }] };

describe("the session", () => {
  beforeEach(({ task }) => {
    vi.useFakeTimers();
    const Channel = BroadcastChannel;
    vi.stubGlobal("BroadcastChannel", class extends Channel { constructor(name: string) { super(`${name} of ${task.id}`); } }); // sessions of other tests hear nothing
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is looked for by the cookie", async () => {
    const asked = panel(renewed("one"));
    const s = new Sessions();
    expect(s.state.get()).toBe("unknown");
    expect(await s.renew()).toBe(true);
    expect(s.current.get()?.accessToken).toBe("one");
    expect(s.state.get()).toBe("present");
    expect(asked).toEqual(["RefreshSession"]);
  });

  it("is not there for who has no cookie", async () => {
    panel(over);
    const s = new Sessions();
    expect(await s.renew()).toBe(false);
    expect(s.state.get()).toBe("expired");
    expect(await s.token()).toBeNull();
  });

  it("stays when the panel is away", async () => {
    panel("away", renewed("one"));
    const s = new Sessions();
    await expect(s.renew()).rejects.toThrow();
    expect(s.state.get()).toBe("unknown");
    expect(await s.renew()).toBe(true);
  });

  it("asks once, however many want a token at once", async () => {
    const asked = panel(renewed("one"));
    const s = new Sessions();
    expect(await Promise.all([s.token(), s.token(), s.renew(), s.token()])).toEqual(["one", "one", true, "one"]);
    expect(asked).toHaveLength(1);
  });

  it("is renewed by itself before its token ends", async () => {
    const asked = panel(renewed("one"), renewed("two"));
    const s = new Sessions();
    await s.renew();
    await vi.advanceTimersByTimeAsync(14 * minutes + 1_000);
    expect(asked).toHaveLength(2);
    expect(s.current.get()?.accessToken).toBe("two");
  });

  it("is renewed by itself a while later when the panel was away", async () => {
    const asked = panel(renewed("one"), "away", "away", renewed("two"), renewed("three"));
    const s = new Sessions();
    await s.renew();
    await vi.advanceTimersByTimeAsync(14 * minutes + 9_000);
    expect(asked).toHaveLength(2); // and not each second
    await vi.advanceTimersByTimeAsync(11_000);
    expect(asked).toHaveLength(4);
    expect(s.current.get()?.accessToken).toBe("two");
    await vi.advanceTimersByTimeAsync(14 * minutes);
    expect(s.current.get()?.accessToken).toBe("three");
  });

  it("is not renewed any more once it is over, which it may be before the panel is found to be away", async () => {
    const s = new Sessions();
    const asked = panel(renewed("one"), () => {
      (s as unknown as { end: (state: string) => void }).end("ended");
      throw new TypeError("no answer");
    });
    await s.renew();
    await vi.advanceTimersByTimeAsync(16 * minutes);
    expect(s.state.get()).toBe("ended");
    expect(asked).toHaveLength(2);
  });

  it("renews before a request what is about to end", async () => {
    panel(renewed("short", 30_000), renewed("long"));
    const s = new Sessions();
    await s.renew();
    expect(s.stale()).toBe(true);
    expect(await s.token()).toBe("long");
    expect(s.stale()).toBe(false);
  });

  it("renews what the panel does not take, once", async () => {
    panel(renewed("one"), renewed("two"));
    const s = new Sessions();
    await s.renew();
    s.distrust("another");
    expect(s.stale()).toBe(false);
    s.distrust("one");
    expect(s.stale()).toBe(true);
    expect(await s.token()).toBe("two");
  });

  it.each([["away", "away"], ["at a loss", broken]] as const)("goes on when it was to end and the panel is %s, and ends the next time", async (_, answer) => {
    const asked = panel(renewed("one"), answer, signedOut);
    const s = new Sessions();
    await s.renew();
    await expect(s.signOut()).rejects.toThrow();
    expect(s.state.get()).toBe("present");
    expect(await s.token()).toBe("one");
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(s.current.get()).toBeNull();
    expect(asked).toEqual(["RefreshSession", "SignOut one", "SignOut one"]);
  });

  it("goes on when it was to end and the panel has no new token for that", async () => {
    const asked = panel(renewed("short", 30_000), "away", renewed("long"), signedOut);
    const s = new Sessions();
    await s.renew();
    await expect(s.signOut()).rejects.toThrow();
    expect(s.state.get()).toBe("present");
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(asked).toEqual(["RefreshSession", "RefreshSession", "RefreshSession", "SignOut long"]);
  });

  it("is over when it was to end and is so already", async () => {
    const asked = panel(renewed("one"), over);
    const s = new Sessions();
    await s.renew();
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(asked).toEqual(["RefreshSession", "SignOut one", "RefreshSession"]);
  });

  it("ends by a new token when the panel does not take the one there is, as after a clock was wrong", async () => {
    const asked = panel(renewed("one"), over, renewed("two"), signedOut);
    const s = new Sessions();
    await s.renew();
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(asked).toEqual(["RefreshSession", "SignOut one", "RefreshSession", "SignOut two"]);
  });

  it("U21: ends together with the impersonation", async () => {
    const asked = panel(renewed("own"), ended, signedOut);
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(s.acting.get()).toBe(false);
    expect(asked).toEqual(["RefreshSession", "EndImpersonation theirs", "SignOut own"]);
  });

  it("U21: ends by its own token after a long impersonation, also when that is over by itself", async () => {
    const asked = panel(renewed("short", 30_000), over, renewed("long"), signedOut);
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(asked).toEqual(["RefreshSession", "EndImpersonation theirs", "RefreshSession", "SignOut long"]);
  });

  it("U21: goes on acting when both were to end and the panel does not answer", async () => {
    const asked = panel(renewed("own"), "away");
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    await expect(s.signOut()).rejects.toThrow();
    expect(s.state.get()).toBe("present");
    expect(await s.token()).toBe("theirs");
    expect(asked).toEqual(["RefreshSession", "EndImpersonation theirs"]);
  });

  it("U21: acts as somebody else, and is itself again", async () => {
    const asked = panel(renewed("own"), ended);
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    expect(s.acting.get()).toBe(true);
    expect(await s.token()).toBe("theirs");
    await s.actAsSelf();
    expect(s.acting.get()).toBe(false);
    expect(await s.token()).toBe("own");
    expect(asked).toEqual(["RefreshSession", "EndImpersonation theirs"]);
  });

  it("is itself again when an impersonation has ended by itself", async () => {
    panel(renewed("own"));
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    s.distrust("theirs");
    expect(s.acting.get()).toBe(false);
    expect(await s.token()).toBe("own");
  });

  it("keeps nothing where it could be found", async () => {
    panel(renewed("secret-token"));
    const s = new Sessions();
    await s.renew();
    expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])).not.toContain("secret-token");
  });

  it("U10: goes on after a new sign-in", async () => {
    panel(over);
    const s = new Sessions();
    await s.renew();
    s.begin({ accessToken: "again", expiresAt: Date.now() + 15 * minutes, userId: "u1" });
    expect(s.state.get()).toBe("present");
    expect(await s.token()).toBe("again");
  });

  it("tells other tabs, which go on with the same session, and end with it", async () => {
    vi.useRealTimers();
    panel(renewed("one"), "away", signedOut);
    const [here, there] = [new Sessions(), new Sessions()];
    await here.renew();
    await vi.waitFor(() => expect(there.current.get()?.accessToken).toBe("one"), { timeout: 20_000 });
    expect(there.state.get()).toBe("present");
    expect(await there.token()).toBe("one");
    const told = vi.fn();
    const elsewhere = new BroadcastChannel("mpanel-session");
    elsewhere.addEventListener("message", ({ data }) => told(data));
    await expect(here.signOut()).rejects.toThrow();
    await here.signOut();
    await vi.waitFor(() => expect(there.state.get()).toBe("ended"), { timeout: 20_000 });
    expect(there.current.get()).toBeNull();
    await vi.waitFor(() => expect(told.mock.calls).toEqual([[{ signedOut: true }]])); // once it is so
    elsewhere.close();
  });

  it.each([
    ["by the cookie of another tab", async (s: Sessions) => void (await s.renew())],
    ["over the page", async (s: Sessions) => void s.begin({ accessToken: "two", expiresAt: Date.now() + 15 * minutes, userId: "u2" })],
    ["by a word of another tab", async () => {
      const elsewhere = new BroadcastChannel("mpanel-session");
      elsewhere.postMessage({ session: { accessToken: "two", expiresAt: Date.now() + 15 * minutes, userId: "u2" } });
      elsewhere.close();
    }],
  ])("leaves the page when another user has signed in: %s", async (_, happens) => {
    vi.useRealTimers();
    for (const over of [false, true]) {
      const gone = placeAt("/databases");
      panel(renewed("one"), renewed("two", 15 * minutes, "u2"));
      const s = new Sessions();
      await s.renew();
      s.distrust("one");
      if (over) (s as unknown as { end: (state: string) => void }).end("expired");
      await happens(s);
      await vi.waitFor(() => expect(gone.replaced).toContain("/"), { timeout: 20_000 });
      expect(s.current.get()).toBeNull();
      expect(s.state.get()).toBe("expired");
    }
  });

  it("is waited for until somebody has signed in", async () => {
    panel(over);
    const s = new Sessions();
    await s.renew();
    const there = vi.fn();
    void s.present().then(there);
    await vi.advanceTimersByTimeAsync(minutes);
    expect(there).not.toHaveBeenCalled();
    s.begin({ accessToken: "again", expiresAt: Date.now() + 15 * minutes, userId: "u1" });
    await vi.advanceTimersByTimeAsync(0);
    expect(there).toHaveBeenCalledOnce();
  });

  it("asks one tab at a time, and takes what another tab got meanwhile", async () => {
    const asked = panel(renewed("two"));
    const s = new Sessions();
    vi.stubGlobal("navigator", {
      locks: {
        request: async (_: string, work: () => unknown) => {
          s.begin({ accessToken: "of another tab", expiresAt: Date.now() + 15 * minutes, userId: "u1" }); // while this one waited
          return work();
        },
      },
    });
    expect(await s.renew()).toBe(true);
    expect(await s.token()).toBe("of another tab");
    expect(asked).toEqual([]);
  });

  it("goes on acting while its own is renewed", async () => {
    panel(renewed("own"), renewed("own again"));
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    expect(s.stale()).toBe(false);
    await vi.advanceTimersByTimeAsync(14 * minutes + 1_000);
    expect(s.current.get()?.accessToken).toBe("theirs");
    s.distrust("own");
    expect(s.acting.get()).toBe(true); // it is another's token
    s.distrust("theirs");
    expect(await s.token()).toBe("own again");
  });

  it("U21: goes on acting while the panel has not ended it, and is itself again once it is over there", async () => {
    panel(renewed("own"), "away", broken, over);
    const s = new Sessions();
    await s.renew();
    s.actAs({ accessToken: "theirs", expiresAt: Date.now() + minutes });
    for (const _ of ["away", "broken"]) {
      await expect(s.actAsSelf()).rejects.toThrow();
      expect(s.acting.get()).toBe(true);
      expect(await s.token()).toBe("theirs");
    }
    await s.actAsSelf();
    expect(s.acting.get()).toBe(false);
    expect(s.current.get()?.accessToken).toBe("own");
  });

  it("says nothing to the panel when it ends without a session", async () => {
    const asked = panel(over);
    const s = new Sessions();
    await s.signOut();
    expect(s.state.get()).toBe("ended");
    expect(asked).toEqual(["RefreshSession"]);
  });

  it("distrusts nothing where there is nothing", () => {
    const s = new Sessions();
    s.distrust("x");
    s.distrust(undefined);
    expect(s.stale()).toBe(true);
  });
});
