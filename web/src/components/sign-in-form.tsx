import { Anchor, Group, PinInput, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { PasswordField } from "@/components/password-field";
import { AccountForm } from "@/components/account-form";
import { graphql } from "@/gql/document";
import { send } from "@/gql/http";
import { type Problem, problemsOf } from "@/gql/problem";
import type { Session } from "@/gql/session";
import { texts } from "@/lib/text";
import { useCountdown } from "./use-countdown";

const SIGN_IN = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }
  }
`);

const useTexts = texts("sign-in-form", {
  en: {
    email: "E-mail address",
    password: "Password",
    signIn: "Sign in",
    working: "Signing in",
    wrong: "The address or the password is not right.",
    limited_one: "Too many tries. Try again in {{count}} second.",
    limited_other: "Too many tries. Try again in {{count}} seconds.",
    code: "Code of your authenticator app",
    codeHint: "Six digits",
    digit: "Digit of the code",
    recovery: "Recovery code",
    useRecovery: "Use a recovery code",
    useApp: "Use the authenticator app",
    back: "Back",
    confirm: "Confirm",
  },
  de: {
    email: "E-Mail-Adresse",
    password: "Passwort",
    signIn: "Anmelden",
    working: "Anmeldung läuft",
    wrong: "Die Adresse oder das Passwort stimmt nicht.",
    limited_one: "Zu viele Versuche. In {{count}} Sekunde geht es weiter.",
    limited_other: "Zu viele Versuche. In {{count}} Sekunden geht es weiter.",
    code: "Code der Authenticator-App",
    codeHint: "Sechs Ziffern",
    digit: "Ziffer des Codes",
    recovery: "Wiederherstellungscode",
    useRecovery: "Wiederherstellungscode verwenden",
    useApp: "Authenticator-App verwenden",
    back: "Zurück",
    confirm: "Bestätigen",
  },
});

/** How many a code has. */
const digits = 6;

/**
 * Address and password, then a code where the user has an authenticator app. The
 * password is asked for first, so that nobody learns who has one.
 */
export function SignInForm(p: { email?: string; onSignedIn: (session: Session) => void }) {
  const t = useTexts();
  const [known, setKnown] = useState<{ email: string; password: string } | null>(null);
  const [recovery, setRecovery] = useState(false);
  const [pin, setPin] = useState("");
  const [left, wait] = useCountdown();
  const code = useRef<HTMLDivElement>(null);
  // Only now what is sent has all of the digits.
  useEffect(() => {
    if (pin.length === digits) code.current?.closest("form")?.requestSubmit();
  }, [pin]);

  function back() {
    setKnown(null);
    setRecovery(false);
    setPin("");
  }

  async function signIn(values: Record<string, string>) {
    const who = known ?? { email: values.email!, password: values.password! };
    try {
      const { signIn: s } = await send(SIGN_IN, { input: { ...who, code: known ? values.code || values.recovery : undefined } });
      p.onSignedIn({ accessToken: s.accessToken, expiresAt: Date.parse(s.expiresAt), userId: s.viewer.user.id });
    } catch (error) {
      const first = problemsOf(error)[0]!;
      if (first.code === "SECOND_FACTOR_REQUIRED" && !known) return setKnown(who);
      if (first.code === "RATE_LIMITED") wait(first.retryAfterSeconds ?? 1);
      if (known) {
        setPin(""); // or the first digit of the next one would send it again
        requestAnimationFrame(() => code.current?.querySelector("input")?.focus());
      }
      throw error;
    }
  }

  function say({ code: what, field }: Problem): string | undefined {
    if (what === "RATE_LIMITED") return left > 0 ? t("limited", { count: left }) : "";
    return what === "UNAUTHENTICATED" && field === undefined ? t("wrong") : undefined;
  }

  return (
    <AccountForm key={known ? "code" : "password"} document={SIGN_IN} input={known ? ["email", "password", "code"] : ["email", "password"]} fields={["email", "password", "code", "recovery"]} submit={known ? t("confirm") : t("signIn")} busyLabel={t("working")} onSubmit={signIn} say={say}>
      {(problems) =>
        !known ? (
          <>
            <TextInput name="email" type="email" label={t("email")} autoComplete="username" defaultValue={p.email} error={problems.of("email")} autoFocus required withAsterisk={false} />
            <PasswordField name="password" label={t("password")} autoComplete="current-password" error={problems.of("password")} required withAsterisk={false} />
          </>
        ) : (
          <Stack gap="xs" ref={code}>
            {recovery ? (
              <TextInput name="recovery" label={t("recovery")} autoComplete="off" error={problems.of("code")} autoFocus />
            ) : (
              <>
                <Text component="label" size="sm" fw={500} id="code-label">{t("code")}</Text>
                <PinInput
                  key="pin" name="code" length={digits} value={pin} onChange={setPin} type="number" oneTimeCode autoFocus ariaLabel={t("digit")} aria-labelledby="code-label" error={problems.of("code") !== undefined}
                  getInputProps={() => ({ autoComplete: "one-time-code" })}
                />
                <Text size="sm" c={problems.of("code") ? "var(--mantine-color-error)" : "dimmed"} role={problems.of("code") ? "alert" : undefined}>{problems.of("code") ?? t("codeHint")}</Text>
              </>
            )}
            <Group justify="space-between">
              <Anchor component="button" type="button" size="sm" onClick={() => { setRecovery(!recovery); setPin(""); }}>{recovery ? t("useApp") : t("useRecovery")}</Anchor>
              <Anchor component="button" type="button" size="sm" onClick={back}>{t("back")}</Anchor>
            </Group>
          </Stack>
        )
      }
    </AccountForm>
  );
}
