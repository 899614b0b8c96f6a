import { Button, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ActionForm } from "@/components/action-form";
import { Dialog } from "@/components/dialog";
import { Fact, Facts } from "@/components/facts";
import { PasswordField } from "@/components/password-field";
import { Section } from "@/components/section";
import { useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { useTexts } from "./texts";

const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) { ok }
  }
`);

const CHANGE_EMAIL = graphql(`
  mutation ChangeEmail($input: ChangeEmailInput!) {
    changeEmail(input: $input) { ok }
  }
`);

/** What somebody signs in with. */
export function SignInData() {
  const t = useTexts();
  const { user } = useViewer();
  const [password, { open: openPassword, close: closePassword }] = useDisclosure();
  const [email, { open: openEmail, close: closeEmail }] = useDisclosure();
  return (
    <Section
      title={t("signInData")} intro={t("signInDataIntro")}
      actions={
        <>
          <Button variant="default" onClick={openEmail}>{t("changeEmail")}</Button>
          <Button variant="default" onClick={openPassword}>{t("changePassword")}</Button>
        </>
      }
    >
      <Facts rows><Fact label={t("email")}>{user.email}</Fact></Facts>
      <Dialog opened={password} onClose={closePassword} title={t("changePassword")}>
        <ActionForm
          document={CHANGE_PASSWORD} fields={["currentPassword", "password"]} secrets={["currentPassword", "password"]}
          variables={(v) => ({ input: { currentPassword: v.currentPassword ?? "", password: v.password ?? "" } })}
          submit={t("changePassword")} done={t("passwordChanged")} onDone={closePassword} onCancel={closePassword}
        >
          {(of) => (
            <>
              {/* Password managers overlook what is hidden by its type. */}
              <input type="text" autoComplete="username" value={user.email} readOnly tabIndex={-1} style={{ display: "none" }} />
              <PasswordField name="currentPassword" label={t("currentPassword")} autoComplete="current-password" error={of("currentPassword")} data-autofocus />
              <PasswordField name="password" label={t("newPassword")} description={t("passwordHint")} autoComplete="new-password" error={of("password")} />
            </>
          )}
        </ActionForm>
      </Dialog>
      <Dialog opened={email} onClose={closeEmail} title={t("changeEmail")}>
        <ActionForm
          document={CHANGE_EMAIL} fields={["email"]} variables={(v) => ({ input: { email: v.email ?? "" } })}
          submit={t("sendLink")} done={t("emailSent")} onDone={closeEmail} onCancel={closeEmail}
        >
          {(of) => <TextInput name="email" type="email" label={t("newEmail")} description={t("newEmailHint")} autoComplete="email" error={of("email")} data-autofocus />}
        </ActionForm>
      </Dialog>
    </Section>
  );
}
