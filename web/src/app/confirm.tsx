import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { PasswordField } from "@/components/password-field";
import { SignInForm } from "@/components/sign-in-form";
import { ConfirmContext } from "@/components/use-action";
import { useSentence } from "@/components/use-sentence";
import { useTopmost } from "@/components/use-topmost";
import { graphql } from "@/gql/document";
import { type Problem, problemsOf } from "@/gql/problem";
import { refresh } from "@/gql/refresh";
import { sessions } from "@/gql/session";
import { useStore } from "@/lib/store";
import { useTexts } from "./texts";

const CONFIRM_IDENTITY = graphql(`
  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {
    confirmIdentity(input: $input) { confirmedUntil }
  }
`);

/** Asks once more who is there, over what is being done, which then goes on. */
export function ConfirmProvider(p: { children: ReactNode }) {
  const t = useTexts();
  const client = useClient();
  const state = useStore(sessions.state);
  const expired = state === "expired";
  const [asking, setAsking] = useState(false);
  const top = useTopmost(asking || expired);
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
      <Modal opened={expired} onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t("sessionOver")} zIndex={1000} overlayProps={{ color: "var(--mantine-color-body)", backgroundOpacity: 1 }}>{/* whoever is there may be somebody else */}
        <Stack>
          <Text size="sm">{t("sessionOverText")}</Text>
          <SignInForm onSignedIn={(session) => void sessions.begin(session)} />
        </Stack>
      </Modal>
      <Modal opened={asking && !expired} closeOnEscape={top} onClose={() => answer(false)} title={t("confirmTitle")} zIndex={1000} closeButtonProps={{ "aria-label": t("close") }}>
        <ConfirmForm onDone={answer} />
      </Modal>
    </ConfirmContext>
  );
}

function ConfirmForm(p: { onDone: (confirmed: boolean) => void }) {
  const t = useTexts();
  const client = useClient();
  const [needsCode, setNeedsCode] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (needsCode) (form.current?.elements.namedItem("code") as HTMLElement | null)?.focus();
  }, [needsCode]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const values = new FormData(form.current!);
    setBusy(true);
    const code = String(values.get("code") ?? "");
    const { error } = await client.mutation(CONFIRM_IDENTITY, { input: { password: String(values.get("password")), code: code || null } }).toPromise();
    setBusy(false);
    if (!error) return p.onDone(true);
    const first = problemsOf(error)[0]!;
    if (first.code === "SECOND_FACTOR_REQUIRED") setNeedsCode(true);
    setProblem(first.code === "SECOND_FACTOR_REQUIRED" && !needsCode ? null : first);
  }

  const sentence = useSentence();
  const beside = (field: string) => (problem?.field === field ? problem.message : undefined);
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm">{t("confirmText")}</Text>
        <PasswordField name="password" label={t("password")} autoComplete="current-password" data-autofocus error={beside("password")} />
        {needsCode && <TextInput name="code" label={t("code")} autoComplete="one-time-code" error={beside("code")} />}
        {problem && !["password", "code"].includes(problem.field ?? "") && <Text c="var(--mantine-color-error)" size="sm" role="alert">{sentence(problem)}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => p.onDone(false)}>{t("cancel")}</Button>
          <Button type="submit" loading={busy}>{t("confirm")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
