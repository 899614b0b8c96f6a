import { post } from "./http";
import { store } from "./store";

/** Who is signed in. It is kept in memory alone: a reload of the page forgets it. */
export interface Session {
  email: string;
  authorization: string;
  expiresAt: Date;
}

export const session = store<Session | null>(null);

const signInMutation = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { accessToken expiresAt viewer { user { email } } }
}`;

interface SignedIn {
  signIn: { accessToken: string; expiresAt: string; viewer: { user: { email: string } } };
}

/** Why a sign-in did not succeed, and whether a code of an authenticator app is asked for. */
export interface Refusal {
  message: string;
  needsCode: boolean;
}

/** Signs in; returns why not, or null when all is well. */
export async function signIn(email: string, password: string, code: string): Promise<Refusal | null> {
  const input = { email, password, code: code || null };
  const answer = await post({ query: signInMutation, operationName: "SignIn", variables: { input } }, {});
  const data = answer.data as SignedIn | null | undefined;
  if (!data?.signIn) {
    const error = answer.errors?.[0];
    return {
      message: error?.message ?? "The panel gave no answer.",
      needsCode: error?.extensions?.code === "SECOND_FACTOR_REQUIRED" || error?.extensions?.field === "code",
    };
  }
  const { accessToken, expiresAt, viewer } = data.signIn;
  session.set({ email: viewer.user.email, authorization: `Bearer ${accessToken}`, expiresAt: new Date(expiresAt) });
  return null;
}

/** Ends the session here, and at the panel if it can be reached: it would end by itself. */
export function signOut(who: Session): void {
  session.set(null);
  void post({ query: "mutation SignOut { signOut { ok } }", operationName: "SignOut" }, { Authorization: who.authorization });
}

/** The header Authorization of the headers tab, however it is written. */
export function authorizationOf(headers: Record<string, unknown> | undefined): string | undefined {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (name.toLowerCase() === "authorization" && typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/**
 * The text of a headers tab with the session's token in it: next is put in when
 * there is none, or the one before; null when the tab is to stay as it is.
 */
export function withSession(text: string, before: Session | null, next: Session | null): string | null {
  let headers: Record<string, unknown> = {};
  if (text.trim() !== "") {
    try {
      headers = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return null; // it is being written
    }
    if (headers === null || typeof headers !== "object" || Array.isArray(headers)) return null;
  }
  const has = authorizationOf(headers);
  if (has === next?.authorization || (has !== undefined && has !== before?.authorization)) return null;
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization");
  const all = next ? [...kept, ["Authorization", next.authorization]] : kept;
  return all.length === 0 ? "" : JSON.stringify(Object.fromEntries(all), null, 2);
}
