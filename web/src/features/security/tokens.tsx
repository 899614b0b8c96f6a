import { ActionIcon, Badge, Button, Code, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Ago, useNow } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Section } from "@/components/section";
import { ShownOnce } from "@/components/shown-once";
import { toastProblem } from "@/components/toasts";
import { graphql } from "@/gql/document";
import type { SecurityQuery } from "@/gql/generated/graphql";
import { dateTime } from "@/lib/format";
import { CreateToken } from "./create-token";
import { usePermissionText } from "./permissions";
import { useTexts } from "./texts";

const REVOKE = graphql(`
  mutation RevokeApiToken($input: RevokeApiTokenInput!) {
    revokeApiToken(input: $input) { apiToken { id } }
  }
`);

type Token = SecurityQuery["viewer"]["apiTokens"][number];

/** What programs call with in the user's name. */
export function Tokens(p: { tokens: readonly Token[] }) {
  const t = useTexts();
  const [creating, { open, close }] = useDisclosure();
  const [secret, setSecret] = useState<readonly string[] | null>(null);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const create = <Button onClick={open}>{t("newToken")}</Button>;
  return (
    <Section title={t("tokens")} intro={t("tokensIntro")} actions={p.tokens.length > 0 && create}>
      {p.tokens.length === 0 ? (
        <EmptyState text={t("noTokens")} action={create} />
      ) : (
        <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: "none" }}>
          {p.tokens.map((token) => <Row key={token.id} token={token} onRevoke={() => setRevoked(token)} />)}
        </Stack>
      )}
      <Dialog drawer opened={creating} onClose={close} title={t("newToken")} size="lg">
        <CreateToken
          onCancel={close}
          onDone={(token) => {
            close();
            if (token === null) toastProblem({ code: "CONFLICT", message: t("tokenGone") });
            else setSecret([token]);
          }}
        />
      </Dialog>
      <ShownOnce title={t("yourToken")} lines={secret} onSaved={() => setSecret(null)} />
      <ConfirmAction
        opened={revoked !== null} onClose={() => setRevoked(null)} title={t("revokeToken", { name: revoked?.name ?? "" })}
        document={REVOKE} variables={{ input: { id: revoked?.id ?? "" } }} submit={t("revoke")} done={t("tokenRevoked")}
      >
        {t("revokeTokenText")}
      </ConfirmAction>
    </Section>
  );
}

function Row({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const t = useTexts();
  const now = useNow();
  const permission = usePermissionText();
  const over = token.expiresAt !== null && token.expiresAt !== undefined && Date.parse(token.expiresAt) <= now;
  return (
    <Group component="li" justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
      <Stack gap={4} style={{ minWidth: 0 }}>
        <Group gap="xs">
          <Text size="sm" fw={500}>{token.name}</Text>
          <Code>{token.prefix}…</Code>
          {over && <Badge color="red">{t("expired")}</Badge>}
        </Group>
        <Text size="sm" c="dimmed" component="div">
          {t("lastUsed")} <Ago at={token.lastUsedAt} never={t("never")} />{token.lastUsedIp && ` (${token.lastUsedIp})`} · {token.expiresAt ? t("expires", { when: dateTime(token.expiresAt) }) : t("noExpiry")}
          {token.customer && ` · ${t("onlyCustomer", { name: token.customer.name })}`}
          {token.objectIds.length > 0 && ` · ${t("onlyDatabases", { count: token.objectIds.length })}`}
          {token.cidrs.length > 0 && ` · ${t("onlyFrom", { networks: token.cidrs.join(", ") })}`}
        </Text>
        <Group gap={4}>{token.permissions.map((name) => <Badge key={name} color="gray">{permission(name)}</Badge>)}</Group>
      </Stack>
      <Tooltip label={t("revoke")}>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("revokeToken", { name: token.name })} onClick={onRevoke}><IconTrash size={18} aria-hidden /></ActionIcon>
      </Tooltip>
    </Group>
  );
}
