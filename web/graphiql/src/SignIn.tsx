import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from "@graphiql/react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { session, signIn, signOut, withSession, type Refusal, type Session } from "./session";

/** Puts the session's token into the headers of each tab that is looked at, and reads the schema anew. */
export function SessionHeaders() {
  const now = session.use();
  const headers = useGraphiQL((state) => state.headerEditor);
  const { introspect } = useGraphiQLActions();
  const before = useRef<Session | null>(null);
  useEffect(() => {
    if (!headers) return undefined;
    const previous = before.current;
    const put = () => {
      const text = withSession(headers.getValue(), previous, now);
      if (text !== null) headers.setValue(text);
    };
    put();
    if (previous !== now) void introspect();
    before.current = now;
    // Another tab, or an operation of the history; what is typed is left as it is.
    const following = headers.onDidChangeModelContent((change) => change.isFlush && put());
    return () => following.dispose();
  }, [headers, now, introspect]);
  return null;
}

function Form() {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refusal | null>(null);
  const [asksCode, setAsksCode] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setRefused(null);
    const why = await signIn(String(fields.get("email")), String(fields.get("password")), String(fields.get("code") ?? ""));
    setRefused(why); // unmounted when all is well
    if (why) setAsksCode(why.needsCode);
    setBusy(false);
  };
  return (
    <form className="mpanel-form" onSubmit={(event) => void submit(event)}>
      <label>
        E-mail address
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {asksCode && (
        <label>
          Code of the authenticator app, or a recovery code
          <input name="code" autoComplete="one-time-code" required autoFocus />
        </label>
      )}
      <p role="alert" className="mpanel-problem">{refused?.message}</p>
      <button type="submit" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
      <p>The token goes into the headers of each tab, and with them into <code>connection_init</code> of sockets. It is kept until the page is reloaded.</p>
    </form>
  );
}

/** Tells whether the time has come, and comes back when it has. */
function usePast(time: number): boolean {
  const [, again] = useState(0);
  const left = time - Date.now();
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => again((n) => n + 1), left);
    return () => clearTimeout(timer);
  }, [left]);
  return left <= 0;
}

function SignedIn({ who }: { who: Session }) {
  const expired = usePast(who.expiresAt.getTime());
  return (
    <div className="mpanel-form">
      <p>Signed in as <strong>{who.email}</strong>.</p>
      <p role="status">
        {expired ? "The token is no longer accepted." : `The token is accepted until ${who.expiresAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}.`}
      </p>
      <button type="button" onClick={() => signOut(who)}>{expired ? "Sign in again" : "Sign out"}</button>
    </div>
  );
}

function Content() {
  const who = session.use();
  return (
    <section aria-label="Sign in" className="mpanel-sign-in">
      <h2 className="mpanel-title">{who ? "Signed in" : "Sign in"}</h2>
      {who ? <SignedIn who={who} /> : <Form />}
    </section>
  );
}

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <circle cx="12" cy="8" r="4" />
      <path d="M4 21c0-4.4 3.6-7 8-7s8 2.6 8 7" />
    </svg>
  );
}

export const signInPlugin: GraphiQLPlugin = { title: "Sign in", icon: Icon, content: Content };
