import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { DialogLayer } from "@/components/dialog";
import { PasswordField } from "@/components/password-field";
import { ShowGraphQL } from "@/components/show-graphql";
import { SignInForm } from "@/components/sign-in-form";
import { useSentence } from "@/components/use-sentence";
import { useTopmost } from "@/components/use-topmost";
import { graphql } from "@/gql/document";
import { type Problem, problemsOf } from "@/gql/problem";
import { sessions } from "@/gql/session";
import { useSay } from "@/sentences/use-say";
import { useTexts } from "./texts";

const CONFIRM_IDENTITY = graphql(`
  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {
    confirmIdentity(input: $input) { confirmedUntil }
  }
`);

const CONFIRM_WHOM = graphql(`
  query ConfirmWhom {
    viewer { user { id email } }
  }
`);

/** They hide whatever else is open. */
const layer = 1000;

/** The questions of `ConfirmProvider`. */
export function ConfirmDialogs({ expired, asking, onAnswer }: { expired: boolean; asking: boolean; onAnswer: (confirmed: boolean) => void }) {
  const t = useTexts();
  const top = useTopmost(asking || expired);
  return (
    <DialogLayer value={layer + 1}>
      <Modal opened={expired} onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t("sessionOver")} zIndex={layer} overlayProps={{ color: "var(--mantine-color-body)", backgroundOpacity: 1 }}>{/* whoever is there may be somebody else */}
        <Stack>
          <Text size="sm">{t("sessionOverText")}</Text>
          <SignInForm onSignedIn={(session) => void sessions.begin(session)} />
        </Stack>
      </Modal>
      <Modal opened={asking && !expired} closeOnEscape={top} onClose={() => onAnswer(false)} title={t("confirmTitle")} zIndex={layer} closeButtonProps={{ "aria-label": t("close") }}>
        <ConfirmForm onDone={onAnswer} />
      </Modal>
    </DialogLayer>
  );
}

/** What is typed there is never shown. */
const secretless = { input: { password: "", code: null } };

function ConfirmForm(p: { onDone: (confirmed: boolean) => void }) {
  const t = useTexts();
  const client = useClient();
  const [needsCode, setNeedsCode] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const [whom] = useState(() => client.readQuery(CONFIRM_WHOM, {}, { requestPolicy: "cache-only" })?.data); // the shell has asked for it
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
  const say = useSay();
  const beside = (field: string) => (problem?.field === field ? say(problem.message) : undefined);
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm">{t("confirmText")}</Text>
        {/* Whose password it is, for password managers, which overlook what is hidden by its type. */}
        <input type="text" name="username" autoComplete="username" value={whom?.viewer.user.email ?? ""} readOnly tabIndex={-1} style={{ display: "none" }} />
        <PasswordField name="password" label={t("password")} autoComplete="current-password" data-autofocus error={beside("password")} />
        {needsCode && <TextInput name="code" label={t("code")} autoComplete="one-time-code" error={beside("code")} />}
        {problem && !["password", "code"].includes(problem.field ?? "") && <Text c="var(--mantine-color-error)" size="sm" role="alert">{sentence(problem)}</Text>}
        <Group justify="space-between" gap="xs">
          <ShowGraphQL document={CONFIRM_IDENTITY} variables={secretless} />
          <Group gap="xs">
            <Button variant="default" onClick={() => p.onDone(false)}>{t("cancel")}</Button>
            <Button type="submit" loading={busy}>{t("confirm")}</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
