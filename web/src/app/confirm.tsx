import { Overlay } from "@mantine/core";
import { type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { ConfirmContext } from "@/components/use-action";
import type { Problem } from "@/gql/problem";
import { refresh } from "@/gql/refresh";
import { sessions } from "@/gql/session";
import { lazyPart } from "@/lib/lazy-part";
import { useStore } from "@/lib/store";

// Nobody is asked in the first moment.
const ConfirmDialogs = lazyPart(async () => (await import("./confirm-dialogs")).ConfirmDialogs);

/** Asks once more who is there, over what is being done, which then goes on. */
export function ConfirmProvider(p: { children: ReactNode }) {
  const client = useClient();
  const state = useStore(sessions.state);
  const expired = state === "expired";
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((confirmed: boolean) => void)[]>([]);

  const answer = useCallback((confirmed: boolean) => {
    setAsking(false);
    for (const go of waiting.current.splice(0)) go(confirmed);
  }, []);

  const confirm = useCallback(
    (problem: Problem) =>
      new Promise<boolean>((go) => {
        waiting.current.push(go);
        if (problem.code === "STEP_UP_REQUIRED") setAsking(true);
        else if (sessions.state.get() === "present") answer(false); // it was refused for another reason
      }),
    [answer],
  );

  // In this tab or in another: the same user is there again.
  const over = useRef(false);
  useEffect(() => {
    if (over.current && state === "present") {
      refresh(client);
      answer(true);
    }
    over.current = state === "expired";
  }, [state, client, answer]);

  return (
    <ConfirmContext value={confirm}>
      {p.children}
      <Suspense fallback={expired && <Overlay fixed color="var(--mantine-color-body)" backgroundOpacity={1} zIndex={1000} />}>
        <ConfirmDialogs expired={expired} asking={asking} onAnswer={answer} />
      </Suspense>
    </ConfirmContext>
  );
}
