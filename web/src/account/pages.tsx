import { Alert, Anchor, Button, Center, Container, Group, Loader, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { PasswordField } from "@/components/password-field";
import { AccountForm, type Problems } from "@/components/account-form";
import { SignInForm } from "@/components/sign-in-form";
import { useCountdown } from "@/components/use-countdown";
import { useSentence } from "@/components/use-sentence";
import { send } from "@/gql/http";
import { type Problem, problemsOf } from "@/gql/problem";
import { nextPage } from "@/lib/next";
import { ACCEPT_INVITATION, REQUEST_PASSWORD_RESET, RESET_PASSWORD, SET_UP, SIGN_UP, VERIFY_EMAIL } from "./operations";
import { useTexts } from "./texts";
import { useSignUpOpen } from "./use-sign-up-open";

/** How long an e-mail is waited for before it can be sent again, in seconds. */
const cooldown = 60;

function Card(p: { title: string; intro?: string; links?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${p.title} · MPanel`;
  }, [p.title]);
  return (
    <Container component="main" size={440} py={{ base: "lg", sm: 80 }} px="md">
      <Center mb="lg">
        <Text fw={700} size="xl" component="span">MPanel</Text>
      </Center>
      <Paper withBorder radius="lg" p={{ base: "lg", sm: "xl" }} shadow="sm">
        <Stack gap="md">
          <Title order={1} size="h3">{p.title}</Title>
          {p.intro && <Text c="dimmed" size="sm">{p.intro}</Text>}
          {p.children}
        </Stack>
      </Paper>
      {p.links && <Group justify="center" mt="md" gap="lg">{p.links}</Group>}
    </Container>
  );
}

const Link = (p: { to: string; children: ReactNode }) => <Anchor href={p.to} size="sm">{p.children}</Anchor>;

function Done(p: { title: string; text: string }) {
  const t = useTexts();
  useEffect(() => history.replaceState(null, "", location.pathname), []); // the token is good for nothing any more
  return (
    <Card title={p.title}>
      <Text role="status">{p.text}</Text>
      <Button component="a" href="/sign-in">{t("signInLink")}</Button>
    </Card>
  );
}

function NewPassword(p: { problems: Problems; label: string }) {
  const t = useTexts();
  return (
    <PasswordField name="password" label={p.label} description={t("passwordHint")} autoComplete="new-password" error={p.problems.of("password")} minLength={15} />
  );
}

function NameField(p: { problems: Problems }) {
  const t = useTexts();
  return <TextInput name="name" label={t("name")} autoComplete="name" error={p.problems.of("name")} />;
}

function EmailField(p: { problems: Problems }) {
  const t = useTexts();
  return <TextInput name="email" type="email" label={t("email")} autoComplete="username" error={p.problems.of("email")} />;
}

function SignInPage() {
  const t = useTexts();
  const open = useSignUpOpen();
  const links = <><Link to="/forgot-password">{t("forgot")}</Link>{open && <Link to="/sign-up">{t("signUpLink")}</Link>}</>;
  return (
    <Card title={t("signInTitle")} links={links}>
      <SignInForm onSignedIn={() => location.assign(nextPage(location.search))} />
    </Card>
  );
}

/** A link of an e-mail or of the server's output: without its token nothing can be done. */
function WithToken(p: { title: string; token: string; incomplete: string; children: ReactNode }) {
  if (p.token !== "") return p.children;
  return (
    <Card title={p.title} links={<Link to="/sign-in">{useTexts()("signInLink")}</Link>}>
      <Alert color="red" role="alert">{p.incomplete}</Alert>
    </Card>
  );
}

function SetUpPage({ token }: { token: string }) {
  const t = useTexts();
  async function setUp({ name, email, password }: Record<string, string>) {
    await send(SET_UP, { input: { token, name: name!, email: email!, password: password! } });
    location.assign("/");
  }
  return (
    <WithToken title={t("setUpTitle")} token={token} incomplete={t("setUpLink")}>
      <Card title={t("setUpTitle")} intro={t("setUpIntro")}>
        <AccountForm
          document={SET_UP} input={["token", "name", "email", "password"]} fields={["name", "email", "password"]} submit={t("setUpSubmit")} busyLabel={t("working")} onSubmit={setUp}
          say={({ code }) => (code === "NOT_FOUND" ? t("setUpGone") : undefined)}
        >
          {(problems) => (
            <>
              <NameField problems={problems} />
              <EmailField problems={problems} />
              <NewPassword problems={problems} label={t("password")} />
            </>
          )}
        </AccountForm>
      </Card>
    </WithToken>
  );
}

/** An e-mail is on its way; it can be sent again after a while. */
function Inbox(p: { text: string; again: () => Promise<void> }) {
  const t = useTexts();
  const [left, wait] = useCountdown();
  const [result, setResult] = useState<Problem | "sent" | null>(null);
  const sentence = useSentence();
  useEffect(() => wait(cooldown), []);
  async function again() {
    wait(cooldown);
    try {
      await p.again();
      setResult("sent");
    } catch (error) {
      setResult(problemsOf(error)[0]!);
    }
  }
  return (
    <Card title={t("inboxTitle")} links={<Link to="/sign-in">{t("signInLink")}</Link>}>
      <Text role="status">{p.text}</Text>
      <Button variant="default" disabled={left > 0} onClick={again}>{left > 0 ? t("resendIn", { count: left }) : t("resend")}</Button>
      <Text size="sm" role="status">{result === "sent" ? t("sent") : result && sentence(result)}</Text>
    </Card>
  );
}

function SignUpPage() {
  const t = useTexts();
  const open = useSignUpOpen();
  const [sent, setSent] = useState<{ email: string; again: () => Promise<void> } | null>(null);
  async function signUp({ name, email, password, company }: Record<string, string>) {
    const again = async () => void (await send(SIGN_UP, { input: { name: name!, email: email!, password: password!, company: company || null } }));
    await again();
    setSent({ email: email!, again });
  }
  if (sent) return <Inbox text={t("inboxSignUp", { email: sent.email })} again={sent.again} />;
  const links = <Link to="/sign-in">{t("signInLink")}</Link>;
  if (open === undefined) return <Card title={t("signUpTitle")}><Center aria-busy="true"><Loader aria-label={t("working")} /></Center></Card>;
  if (open === false) return <Card title={t("signUpTitle")} links={links}><Text>{t("signUpClosed")}</Text></Card>;
  return (
    <Card title={t("signUpTitle")} links={links}>
      <AccountForm
        document={SIGN_UP} input={["name", "email", "company", "password"]} fields={["name", "email", "company", "password"]} submit={t("signUpSubmit")} busyLabel={t("working")} onSubmit={signUp}
        say={({ code }) => (code === "FORBIDDEN" ? t("signUpClosed") : undefined)}
      >
        {(problems) => (
          <>
            <NameField problems={problems} />
            <EmailField problems={problems} />
            <TextInput name="company" label={t("company")} description={t("companyHint")} autoComplete="organization" error={problems.of("company")} />
            <NewPassword problems={problems} label={t("password")} />
          </>
        )}
      </AccountForm>
    </Card>
  );
}

function VerifyPage({ token }: { token: string }) {
  const t = useTexts();
  const open = useSignUpOpen();
  const [done, setDone] = useState(false);
  const [gone, setGone] = useState(false);
  // Where nobody signs up, the link was for an account that is there: its settings send another.
  const another = open ? <Link to="/sign-up">{t("newLink")}</Link> : <Link to="/sign-in?next=/settings">{t("newLinkSignIn")}</Link>;
  if (done) return <Done title={t("done")} text={t("verified")} />;
  async function verify() {
    try {
      await send(VERIFY_EMAIL, { input: { token } });
      setDone(true);
    } catch (error) {
      setGone(problemsOf(error)[0]!.code === "NOT_FOUND");
      throw error;
    }
  }
  return (
    <WithToken title={t("verifyTitle")} token={token} incomplete={t("linkIncomplete")}>
      <Card title={t("verifyTitle")} intro={t("verifyIntro")} links={gone && another}>
        <AccountForm document={VERIFY_EMAIL} input={["token"]} fields={[]} submit={t("verifySubmit")} busyLabel={t("working")} onSubmit={verify} say={({ code }) => (code === "NOT_FOUND" ? t("linkGone") : undefined)}>
          {() => null}
        </AccountForm>
      </Card>
    </WithToken>
  );
}

function ForgotPage() {
  const t = useTexts();
  const [sent, setSent] = useState<{ email: string; again: () => Promise<void> } | null>(null);
  async function ask({ email }: Record<string, string>) {
    const again = async () => void (await send(REQUEST_PASSWORD_RESET, { input: { email: email! } }));
    await again();
    setSent({ email: email!, again });
  }
  if (sent) return <Inbox text={t("inboxReset", { email: sent.email })} again={sent.again} />;
  return (
    <Card title={t("forgotTitle")} intro={t("forgotIntro")} links={<Link to="/sign-in">{t("signInLink")}</Link>}>
      <AccountForm document={REQUEST_PASSWORD_RESET} input={["email"]} fields={["email"]} submit={t("forgotSubmit")} busyLabel={t("working")} onSubmit={ask}>
        {(problems) => <EmailField problems={problems} />}
      </AccountForm>
    </Card>
  );
}

function ResetPage({ token }: { token: string }) {
  const t = useTexts();
  const [done, setDone] = useState(false);
  const [gone, setGone] = useState(false);
  if (done) return <Done title={t("done")} text={t("resetDone")} />;
  async function reset({ password }: Record<string, string>) {
    try {
      await send(RESET_PASSWORD, { input: { token, password: password! } });
      setDone(true);
    } catch (error) {
      setGone(problemsOf(error)[0]!.code === "NOT_FOUND");
      throw error;
    }
  }
  return (
    <WithToken title={t("resetTitle")} token={token} incomplete={t("linkIncomplete")}>
      <Card title={t("resetTitle")} intro={t("resetIntro")} links={gone && <Link to="/forgot-password">{t("newLink")}</Link>}>
        <AccountForm document={RESET_PASSWORD} input={["token", "password"]} fields={["password"]} submit={t("resetSubmit")} busyLabel={t("working")} onSubmit={reset} say={({ code }) => (code === "NOT_FOUND" ? t("linkGone") : undefined)}>
          {(problems) => <NewPassword problems={problems} label={t("newPassword")} />}
        </AccountForm>
      </Card>
    </WithToken>
  );
}

function InvitationPage({ token }: { token: string }) {
  const t = useTexts();
  const [accepted, setAccepted] = useState<{ email: string; newAccount: boolean } | null>(null);
  if (accepted) return <Done title={t("done")} text={t(accepted.newAccount ? "invitationNew" : "invitationKnown", { email: accepted.email })} />;
  async function accept({ name, password }: Record<string, string>) {
    const { acceptInvitation } = await send(ACCEPT_INVITATION, { input: { token, name: name || null, password: password || null } });
    setAccepted(acceptInvitation);
  }
  const say = ({ code }: Problem) => (code === "NOT_FOUND" ? t("invitationGone") : undefined);
  return (
    <WithToken title={t("invitationTitle")} token={token} incomplete={t("linkIncomplete")}>
      <Card title={t("invitationTitle")} intro={t("invitationIntro")}>
        <AccountForm document={ACCEPT_INVITATION} input={["token", "name", "password"]} fields={["name", "password"]} submit={t("invitationSubmit")} busyLabel={t("working")} onSubmit={accept} say={say}>
          {(problems) => (
            <>
              <NameField problems={problems} />
              <NewPassword problems={problems} label={t("password")} />
            </>
          )}
        </AccountForm>
      </Card>
    </WithToken>
  );
}

/** The page of a path; the token is what stood after the #, which no server has seen. */
export function AccountPages(p: { path: string; token: string }) {
  switch (p.path) {
    case "/setup": return <SetUpPage token={p.token} />;
    case "/sign-up": return <SignUpPage />;
    case "/verify-email": return <VerifyPage token={p.token} />;
    case "/forgot-password": return <ForgotPage />;
    case "/reset-password": return <ResetPage token={p.token} />;
    case "/invitation": return <InvitationPage token={p.token} />;
    default: return <SignInPage />;
  }
}
