import { Alert, Anchor, Badge, Button, Group, Image, PinInput, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useId, useState } from "react";
import { ActionForm } from "@/components/action-form";
import { ConfirmAction } from "@/components/confirm-action";
import { CopyField } from "@/components/copy-field";
import { Dialog } from "@/components/dialog";
import { Section } from "@/components/section";
import { ShowGraphQL } from "@/components/show-graphql";
import { ShownOnce } from "@/components/shown-once";
import { useAction } from "@/components/use-action";
import { useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { useTexts } from "./texts";

const BEGIN = graphql(`
  mutation BeginTotp {
    beginTotp { otpauthUrl qrSvg }
  }
`);

const CONFIRM = graphql(`
  mutation ConfirmTotp($input: ConfirmTotpInput!) {
    confirmTotp(input: $input) { recoveryCodes }
  }
`);

const DISABLE = graphql(`
  mutation DisableTotp {
    disableTotp { ok }
  }
`);

const NEW_CODES = graphql(`
  mutation NewRecoveryCodes {
    newRecoveryCodes { recoveryCodes }
  }
`);

/** As an image, so that nothing of it can become a part of the page. */
const picture = (svg: string): string => `data:image/svg+xml;base64,${btoa(String.fromCharCode(...new TextEncoder().encode(svg)))}`;

/** The secret in groups of four, as people type it. */
const secretOf = (otpauth: string): string => (new URL(otpauth).searchParams.get("secret") ?? "").replace(/(.{4})(?=.)/g, "$1 ");

/** The authenticator app: set up, taken away, and its recovery codes. */
export function SecondFactor() {
  const t = useTexts();
  const { user, secondFactorMissing } = useViewer();
  const [setup, setSetup] = useState<{ otpauthUrl: string; qrSvg: string } | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [disabling, { open: askDisable, close: closeDisable }] = useDisclosure();
  const [renewing, { open: askNew, close: closeNew }] = useDisclosure();
  const begin = useAction(BEGIN, { idempotent: false });
  const fresh = useAction(NEW_CODES, { done: t("newCodesMade"), idempotent: false });

  async function start() {
    const { data } = await begin.run({});
    if (data) setSetup(data.beginTotp);
  }
  async function newCodes() {
    const { data } = await fresh.run({});
    closeNew();
    if (data) setCodes(data.newRecoveryCodes.recoveryCodes);
  }

  return (
    <Section
      title={t("app")} intro={t("appIntro")} beside={<Badge color={user.totpEnabled ? "green" : "gray"}>{user.totpEnabled ? t("appOn") : t("appOff")}</Badge>}
      actions={
        user.totpEnabled ? (
          <>
            <Button variant="default" onClick={askNew}>{t("newCodes")}</Button>
            <Button variant="default" onClick={askDisable}>{t("appRemove")}</Button>
          </>
        ) : (
          <>
            <ShowGraphQL document={BEGIN} variables={{}} />
            <Button onClick={() => void start()} loading={begin.busy}>{t("appSetUp")}</Button>
          </>
        )
      }
    >
      {secondFactorMissing && <Alert color="yellow">{t("appNeeded")}</Alert>}
      <Dialog opened={setup !== null} onClose={() => setSetup(null)} title={t("appSetUpTitle")}>
        {setup && (
          <SetUp
            {...setup}
            onCancel={() => setSetup(null)}
            onDone={(recovery) => {
              setSetup(null);
              setCodes(recovery);
            }}
          />
        )}
      </Dialog>
      <Dialog opened={renewing} onClose={closeNew} title={t("newCodes")}>
        <Stack>
          <Text size="sm">{t("newCodesText")}</Text>
          <Group justify="space-between" gap="xs">
            <ShowGraphQL document={NEW_CODES} variables={{}} />
            <Group gap="xs">
              <Button variant="default" onClick={closeNew}>{t("cancel")}</Button>
              <Button onClick={() => void newCodes()} loading={fresh.busy}>{t("newCodes")}</Button>
            </Group>
          </Group>
        </Stack>
      </Dialog>
      <ShownOnce title={t("codes")} lines={codes} file="mpanel-recovery-codes.txt" onSaved={() => setCodes(null)} />
      <ConfirmAction opened={disabling} onClose={closeDisable} title={t("appRemove")} document={DISABLE} variables={{}} idempotent={false} submit={t("appRemove")} done={t("appRemoved")}>{t("appRemoveText")}</ConfirmAction>
    </Section>
  );
}

/** Shows the secret, and wants to see that the app has it. */
function SetUp(p: { otpauthUrl: string; qrSvg: string; onCancel: () => void; onDone: (codes: readonly string[]) => void }) {
  const t = useTexts();
  const [code, setCode] = useState("");
  const label = useId();
  return (
    <ActionForm
      document={CONFIRM} fields={["code"]} secrets={["code"]} variables={(v) => ({ input: { code: v.code ?? "" } })} idempotent={false}
      submit={t("confirmCode")} blocked={code.length < 6 && t("codeMissing")} done={t("appAdded")} onCancel={p.onCancel} onDone={({ confirmTotp }) => p.onDone(confirmTotp.recoveryCodes)}
    >
      {(of) => (
        <Stack>
          <Text size="sm">{t("scan")}</Text>
          <Image src={picture(p.qrSvg)} alt={t("qr")} w={200} h={200} mx="auto" bg="white" p={8} radius="md" />
          <Text size="sm">{t("orType")}</Text>
          <CopyField label={t("secret")} value={secretOf(p.otpauthUrl)} />
          <Anchor href={p.otpauthUrl} size="sm">{t("openApp")}</Anchor>
          <Stack gap={4}>
            <Text size="sm" fw={500} id={label}>{t("code")}</Text>
            <PinInput name="code" length={6} type="number" oneTimeCode value={code} onChange={setCode} error={Boolean(of("code"))} aria-labelledby={label} getInputProps={(place) => ({ "aria-label": `${t("code")} ${place + 1}/6`, "aria-invalid": Boolean(of("code")) })} />
            <Text size="sm" c="var(--mantine-color-error)" role="alert">{of("code")}</Text>
          </Stack>
        </Stack>
      )}
    </ActionForm>
  );
}
