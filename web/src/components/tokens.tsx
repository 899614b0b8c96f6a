import { ActionIcon, Badge, Code, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { graphql } from "@/gql/document";
import { dateTime } from "@/lib/format";
import { texts } from "@/lib/text";
import { Ago, useNow } from "./ago";
import { ConfirmAction } from "./confirm-action";
import { More } from "./more";
import { usePermissionText } from "./permissions";
import type { Permission } from "./use-viewer";

const REVOKE = graphql(`
  mutation RevokeApiToken($input: RevokeApiTokenInput!) {
    revokeApiToken(input: $input) { apiToken { id } }
  }
`);

const useTexts = texts("tokens", {
  en: {
    revoke: "Revoke", revokeToken: "Revoke {{name}}", revokeTokenText: "Programs with this token are refused within a second, and what they have open is closed. This cannot be undone.", tokenRevoked: "The token is revoked.", lastUsed: "used", never: "never",
    expires: "expires {{when}}", noExpiry: "does not expire", expired: "Expired", onlyCustomer: "only {{name}}", onlyDatabases_one: "{{count}} database only", onlyDatabases_other: "{{count}} databases only", onlyFrom: "only from {{networks}}",
  },
  de: {
    revoke: "Widerrufen", revokeToken: "{{name}} widerrufen", revokeTokenText: "Programme mit diesem Token werden innerhalb einer Sekunde abgewiesen, und was sie offen haben, wird geschlossen. Das lässt sich nicht zurücknehmen.", tokenRevoked: "Das Token ist widerrufen.", lastUsed: "benutzt", never: "nie",
    expires: "läuft ab am {{when}}", noExpiry: "läuft nicht ab", expired: "Abgelaufen", onlyCustomer: "nur {{name}}", onlyDatabases_one: "nur {{count}} Datenbank", onlyDatabases_other: "nur {{count}} Datenbanken", onlyFrom: "nur aus {{networks}}",
  },
});

interface Token {
  id: string;
  name: string;
  prefix: string;
  permissions: readonly Permission[];
  objectIds: readonly string[];
  cidrs: readonly string[];
  lastUsedAt?: string | null;
  lastUsedIp?: string | null;
  expiresAt?: string | null;
  user?: { name: string } | null;
  customer?: { name: string } | null;
}

/** What programs call with: where each may be used and for what, and its end. */
export function Tokens(p: { tokens: readonly Token[]; total?: number; writes: boolean }) {
  const t = useTexts();
  const [revoked, setRevoked] = useState<Token | null>(null);
  return (
    <>
      <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: "none" }}>
        {p.tokens.map((token) => <Row key={token.id} token={token} onRevoke={p.writes ? () => setRevoked(token) : undefined} />)}
        <More component="li" shown={p.tokens.length} of={p.total} />
      </Stack>
      <ConfirmAction
        opened={revoked !== null} onClose={() => setRevoked(null)} title={t("revokeToken", { name: revoked?.name ?? "" })}
        document={REVOKE} variables={{ input: { id: revoked?.id ?? "" } }} submit={t("revoke")} done={t("tokenRevoked")}
      >
        {t("revokeTokenText")}
      </ConfirmAction>
    </>
  );
}

function Row({ token, onRevoke }: { token: Token; onRevoke?: () => void }) {
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
          {token.user && `${token.user.name} · `}{t("lastUsed")} <Ago at={token.lastUsedAt} never={t("never")} />{token.lastUsedIp && ` (${token.lastUsedIp})`} · {token.expiresAt ? t("expires", { when: dateTime(token.expiresAt) }) : t("noExpiry")}
          {token.customer && ` · ${t("onlyCustomer", { name: token.customer.name })}`}
          {token.objectIds.length > 0 && ` · ${t("onlyDatabases", { count: token.objectIds.length })}`}
          {token.cidrs.length > 0 && ` · ${t("onlyFrom", { networks: token.cidrs.join(", ") })}`}
        </Text>
        <Group gap={4}>{token.permissions.map((name) => <Badge key={name} color="gray">{permission(name)}</Badge>)}</Group>
      </Stack>
      {onRevoke && (
        <Tooltip label={t("revoke")}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("revokeToken", { name: token.name })} onClick={onRevoke}><IconTrash size={18} aria-hidden /></ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
