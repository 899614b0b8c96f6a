import { useCallback, useRef, useState } from "react";
import { useClient } from "urql";
import type { TypedDocumentNode } from "@urql/core";
import { newKey } from "@/lib/key";
import { type Problem, problemsOf } from "./problem";
import { refresh } from "./refresh";
import { sessions } from "./session";

/** What a mutation came to: its data, or why not; nothing where that is told already. */
export type Outcome<Data> = { data: Data; problems?: undefined } | { data?: undefined; problems: Problem[] };

/**
 * A mutation that happens once, however often it is sent: a second call while the
 * first is under way gets the first one's outcome, and what is sent again because no
 * answer came has the same idempotency key; those that have to do with codes take none,
 * and are not `idempotent`. `confirm` is asked when the panel wants
 * to know once more who is there; the mutation then goes on.
 */
export function useMutate<Data, Variables extends object>(
  document: TypedDocumentNode<Data, Variables>,
  confirm: (problem: Problem) => Promise<boolean>,
  idempotent = true,
): [(variables: Variables) => Promise<Outcome<Data>>, boolean] {
  const client = useClient();
  const running = useRef<Promise<Outcome<Data>> | null>(null);
  const open = useRef<{ key: string; sent: string } | null>(null); // a mutation of which nobody knows whether it happened
  const [busy, setBusy] = useState(false);

  const run = useCallback(
    async (variables: Variables): Promise<Outcome<Data>> => {
      const sent = JSON.stringify(variables);
      if (open.current?.sent !== sent) open.current = { key: newKey(), sent };
      const [acting, lapsed] = [sessions.acting.get(), sessions.lapsed.get()];
      for (;;) {
        const headers: Record<string, string> = idempotent ? { "Idempotency-Key": open.current.key } : {};
        const { data, error } = await client.mutation(document, variables, { fetchOptions: { headers } }).toPromise();
        if (!error && data) {
          open.current = null;
          refresh(client);
          return { data };
        }
        const problems = problemsOf(error ?? new Error("The panel gave no answer."));
        const first = problems[0]!;
        if (first.code === "UNAUTHENTICATED" && acting && !sessions.acting.get()) {
          // Whoever acted as somebody does so no more, which is said once, and is signed in as before.
          if (sessions.lapsed.get() === lapsed) sessions.lapsed.set(lapsed + 1);
          open.current = null;
          return { problems: [] };
        }
        if (first.code === "STEP_UP_REQUIRED" || (first.code === "UNAUTHENTICATED" && first.field === undefined)) {
          if (await confirm(first)) continue;
        }
        if (first.code !== "OFFLINE") open.current = null;
        return { problems };
      }
    },
    [client, document, confirm, idempotent],
  );

  const mutate = useCallback(
    (variables: Variables) => {
      if (running.current) return running.current;
      setBusy(true);
      const all = run(variables).finally(() => {
        running.current = null;
        setBusy(false);
      });
      running.current = all;
      return all;
    },
    [run],
  );
  return [mutate, busy];
}
