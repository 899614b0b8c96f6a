import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { TableSkeleton } from "@/components/skeletons";
import { graphql } from "@/gql/document";
import type { CustomerTokensQuery } from "@/gql/generated/graphql";
import { REVOKE_TOKEN } from "./operations";
import { useTexts } from "./texts-members";

const TOKENS = graphql(`
  query CustomerTokens($id: ID!) {
    customer(id: $id) { id apiTokens(first: 100) { nodes { id name prefix permissions lastUsedAt lastUsedIp expiresAt createdAt user { id name } } totalCount } }
  }
`);

type Token = NonNullable<NonNullable<CustomerTokensQuery["customer"]>["apiTokens"]>["nodes"][number];

/** The API tokens that are for a customer, whoever made them; each can be ended at once. */
export function Tokens(p: { customerId: string; writes: boolean }) {
  const t = useTexts();
  const [result, retry] = useQuery({ query: TOKENS, variables: { id: p.customerId } });
  const [opened, setOpened] = useState(false);
  const [token, setToken] = useState<Token | null>(null);
  const close = () => setOpened(false);
  return (
    <Section title={t("tokens")} intro={t("tokensIntro")}>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton bare label={t("loading")} rows={1} columns={3} />}>
        {({ customer }) => {
          const nodes = customer?.apiTokens?.nodes ?? [];
          return nodes.length === 0 ? (
            <Text size="sm" c="dimmed">{t("noTokens")}</Text>
          ) : (
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
              {nodes.map((one) => (
                <Group component="li" key={one.id} justify="space-between" gap="xs">
                  <Stack gap={0} style={{ minWidth: 0, flex: "1 1 220px" }}>
                    <Group gap="xs"><Text size="sm" fw={500}>{one.name}</Text><Code>{one.prefix}…</Code></Group>
                    <Text size="sm" c="dimmed" component="div">
                      {one.user && `${one.user.name} · `}{t("lastUsed")} <Ago at={one.lastUsedAt} never={t("never")} />{one.lastUsedIp && ` (${one.lastUsedIp})`} · {one.expiresAt ? <>{t("ends")} <Ago at={one.expiresAt} /></> : t("noEnd")}
                    </Text>
                    <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{one.permissions.join(", ")}</Text>
                  </Stack>
                  {p.writes && (
                    <Button
                      size="xs" variant="default" aria-label={t("revokeTokenOf", { name: one.name })}
                      onClick={() => {
                        setToken(one);
                        setOpened(true);
                      }}
                    >
                      {t("revoke")}
                    </Button>
                  )}
                </Group>
              ))}
            </Stack>
          );
        }}
      </QueryView>
      <ConfirmAction opened={opened} onClose={close} title={t("revokeTokenOf", { name: token?.name ?? "" })} document={REVOKE_TOKEN} variables={{ input: { id: token?.id ?? "" } }} submit={t("revoke")} done={t("tokenRevoked")}>
        {t("revokeTokenText")}
      </ConfirmAction>
    </Section>
  );
}
