import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { QueryView } from "@/components/query-view";
import { useRoles } from "@/components/roles";
import { Section } from "@/components/section";
import { TableSkeleton } from "@/components/skeletons";
import { useMay } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { InvitationsQuery } from "@/gql/generated/graphql";
import { dateTime } from "@/lib/format";
import { useTexts } from "./texts";

const INVITATIONS = graphql(`
  query Invitations($filter: InvitationFilter) {
    invitations(first: 100, filter: $filter) {
      nodes { id email name providerRole customerRole customer { id name } invitedBy { id name } createdAt expiresAt }
      totalCount
    }
  }
`);

const REVOKE = graphql(`
  mutation RevokeInvitation($input: RevokeInvitationInput!) {
    revokeInvitation(input: $input) { ok }
  }
`);

type Invitation = InvitationsQuery["invitations"]["nodes"][number];

/** Who was asked to take a role and has not answered. */
export function Invitations(p: { customerId?: string }) {
  const t = useTexts();
  const role = useRoles();
  const may = useMay();
  const [result, retry] = useQuery({ query: INVITATIONS, variables: { filter: { customerId: p.customerId } } });
  const [revoked, setRevoked] = useState<Invitation | null>(null);
  return (
    <Section title={t("invitations")}>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton bare label={t("loadingInvitations")} rows={2} columns={3} />}>
        {({ invitations }) =>
          invitations.nodes.length === 0 ? (
            <Text size="sm" c="dimmed">{t("noInvitations")}</Text>
          ) : (
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
              {invitations.totalCount > invitations.nodes.length && <Text component="li" size="sm" c="dimmed">{t("firstInvitations", { count: invitations.nodes.length })}</Text>}
              {invitations.nodes.map((one) => (
                <Group component="li" key={one.id} justify="space-between" gap="xs">
                  <Stack gap={0} style={{ minWidth: 0 }}>
                    <Text size="sm" fw={500}>{one.name} <Text span size="sm" c="dimmed">{one.email}</Text></Text>
                    <Text size="sm" c="dimmed" component="div">
                      {one.providerRole ? `${t("provider")}: ${role.provider(one.providerRole)}` : `${one.customer?.name ?? "–"}: ${one.customerRole ? role.customer(one.customerRole) : ""}`}
                      {" · "}{t("sent")} <Ago at={one.createdAt} />{one.invitedBy && ` ${t("sentBy", { name: one.invitedBy.name })}`} · {t("validUntil", { when: dateTime(one.expiresAt) })}
                    </Text>
                  </Stack>
                  {may("USERS_WRITE") && <Button size="xs" variant="default" aria-label={t("revokeOf", { email: one.email })} onClick={() => setRevoked(one)}>{t("revoke")}</Button>}
                </Group>
              ))}
            </Stack>
          )
        }
      </QueryView>
      <ConfirmAction opened={revoked !== null} onClose={() => setRevoked(null)} title={t("revokeTitle")} document={REVOKE} variables={{ input: { id: revoked?.id ?? "" } }} submit={t("revoke")} done={t("revoked")}>
        {t("revokeText", { email: revoked?.email ?? "" })}
      </ConfirmAction>
    </Section>
  );
}
