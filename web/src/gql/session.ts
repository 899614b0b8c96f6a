import { store } from "@/lib/store";
import { graphql } from "./document";
import { send } from "./http";
import { problemsOf } from "./problem";

/** An access token. It is kept in memory alone; the refresh token is in a cookie that scripts cannot read. */
export interface Token {
  accessToken: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** A token, and whose it is. */
export interface Session extends Token {
  userId: string;
}

const REFRESH = graphql(`
  mutation RefreshSession {
    refreshSession { accessToken expiresAt viewer { user { id } } }
  }
`);

export const SIGN_OUT = graphql(`
  mutation SignOut {
    signOut { ok }
  }
`);

export const END_IMPERSONATION = graphql(`
  mutation EndImpersonation {
    endImpersonation { impersonation { endedAt } }
  }
`);

/** A token is renewed this long before it ends, and no sooner than this after the last try; in milliseconds. */
const [ahead, pause] = [60_000, 10_000];

const isUnauthenticated = (error: unknown) => problemsOf(error)[0]!.code === "UNAUTHENTICATED";

/** Whether the panel has taken the token that something was sent with; what else is wrong is thrown. */
async function accepted(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent;
    return true;
  } catch (error) {
    if (!isUnauthenticated(error)) throw error;
    return false;
  }
}

type Told = { session: Session } | { signedOut: true };

const lockName = "mpanel-refresh";

/**
 * Where the session is: not looked for yet, there, over by itself so that the same user
 * can go on by signing in again, or ended by the user.
 */
export type SessionState = "unknown" | "present" | "expired" | "ended";

/** The session of this browser, and in one tab maybe that of a user whom its own acts as. */
export class Sessions {
  readonly state = store<SessionState>("unknown");
  /** Who this tab is: the session's own token, or an impersonation's; null before the first refresh and after the end. */
  readonly current = store<Token | null>(null);
  /** Whether this tab acts as somebody else. */
  readonly acting = store(false);
  /** How many impersonations the panel has ended, and not who acted. */
  readonly lapsed = store(0);
  private own: Session | null = null;
  /** Whose the page is; also when the session is over, until the page is left. */
  private user: string | null = null;
  private renewing: Promise<boolean> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("mpanel-session") : null;

  constructor() {
    this.channel?.addEventListener("message", ({ data }: MessageEvent<Told>) => {
      if ("session" in data) this.adopt(data.session);
      else this.end("ended");
    });
  }

  /** Whether the token is good for a while yet. */
  private fresh(s: Token | null): s is Token {
    return s !== null && s.expiresAt - Date.now() > ahead;
  }

  /**
   * Goes on with a session that was begun or renewed. When it is another user's, by a
   * sign-in in another tab or over the page, nothing that the page shows is theirs: it
   * is left, and false given.
   */
  private adopt(session: Session): boolean {
    if (this.user !== null && this.user !== session.userId) {
      this.end("expired"); // which covers the page until then
      location.replace("/");
      return false;
    }
    this.user = session.userId;
    this.own = session;
    this.state.set("present");
    if (!this.acting.get()) this.current.set(session);
    this.schedule(session);
    return true;
  }

  /** Renews the session by itself, and tries it again when the panel does not answer. */
  private schedule({ expiresAt }: Session): void {
    clearTimeout(this.timer);
    const go = async () => {
      await this.renew().catch(() => {}); // whoever needs a token meanwhile asks for it, and is told
      if (this.own) this.schedule(this.own);
    };
    this.timer = setTimeout(() => void go(), Math.max(pause, expiresAt - Date.now() - ahead));
  }

  private end(state: SessionState): void {
    clearTimeout(this.timer);
    this.own = null;
    if (state === "ended") this.user = null;
    this.acting.set(false);
    this.current.set(null);
    this.state.set(state);
  }

  /** A sign-in was successful, in the place of a session that is over; false when it is of another user, and the page is left. */
  begin(session: Session): boolean {
    this.channel?.postMessage({ session } satisfies Told);
    return this.adopt(session);
  }

  /** Waits until there is a session. */
  present(): Promise<void> {
    return new Promise((go) => {
      const look = () => {
        if (this.state.get() !== "present") return;
        end();
        go();
      };
      const end = this.state.subscribe(look);
      look();
    });
  }

  /** The token to be sent; a new one when the one there is about to end. Null when nobody is signed in. */
  async token(): Promise<string | null> {
    if (this.acting.get()) return this.current.get()?.accessToken ?? null;
    if (this.stale()) await this.renew();
    return this.own?.accessToken ?? null;
  }

  /**
   * Gets a new access token by the cookie; one request at a time, of all tabs
   * together. False when the session is over. Without an answer of the panel it throws,
   * and the session stays.
   */
  renew(): Promise<boolean> {
    this.renewing ??= this.alone(async () => {
      if (this.fresh(this.own)) return true; // another tab did meanwhile
      try {
        const { refreshSession } = await send(REFRESH, {});
        return this.begin({ accessToken: refreshSession.accessToken, expiresAt: Date.parse(refreshSession.expiresAt), userId: refreshSession.viewer.user.id });
      } catch (error) {
        if (!isUnauthenticated(error)) throw error;
        this.end("expired");
        return false;
      }
    }).finally(() => (this.renewing = null));
    return this.renewing;
  }

  /** Whether there is no token that is good for a while yet. */
  stale(): boolean {
    return !this.acting.get() && !this.fresh(this.own);
  }

  /** The panel did not take this token: it was revoked, or a clock is wrong. */
  distrust(accessToken: string | undefined): void {
    if (this.acting.get()) {
      if (this.current.get()?.accessToken !== accessToken) return;
      this.leave();
      this.lapsed.set(this.lapsed.get() + 1);
    } else if (this.own && this.own.accessToken === accessToken) this.own = { ...this.own, expiresAt: 0 };
  }

  /** One tab at a time; where there are no locks, on plain http, the panel answers twice alike within 10 s. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    return navigator.locks ? navigator.locks.request(lockName, work) : work();
  }

  /** From now on this tab is the user whom an impersonation's token acts as. */
  actAs(session: Token): void {
    this.acting.set(true);
    this.current.set(session);
  }

  /** Ends the impersonation; the tab is its own user again. Throws, and goes on acting, when it may not be over at the panel. */
  async actAsSelf(): Promise<void> {
    await accepted(send(END_IMPERSONATION, {}, { accessToken: this.current.get()?.accessToken, keepalive: true })); // else it is over already
    this.leave();
  }

  private leave(): void {
    this.acting.set(false);
    this.current.set(this.own);
  }

  /**
   * Ends the session at the panel, in this tab and in all others; before it the
   * impersonation. Throws, and the session goes on, when it may not be over at the panel.
   */
  async signOut(): Promise<void> {
    if (this.acting.get()) await this.actAsSelf();
    const accessToken = await this.token();
    if (accessToken && !(await accepted(send(SIGN_OUT, {}, { accessToken, keepalive: true })))) {
      this.distrust(accessToken); // by the cookie it is seen whether the session is over, or a clock is wrong
      const another = await this.token();
      if (another) await send(SIGN_OUT, {}, { accessToken: another, keepalive: true });
    }
    this.channel?.postMessage({ signedOut: true } satisfies Told);
    this.end("ended");
  }
}

export const sessions = new Sessions();
