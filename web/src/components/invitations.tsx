import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import type { InvitationsQuery } from "@/gql/generated/graphql";
import { dateTime } from "@/lib/format";
import { texts } from "@/lib/text";
import { Ago } from "./ago";
import { ConfirmAction } from "./confirm-action";
import { MayIn } from "./may-in";
import { More } from "./more";
import { QueryView } from "./query-view";
import { useRoles } from "./roles";
import { Section } from "./section";
import { TableSkeleton } from "./skeletons";

const useTexts = texts("invitations", {
  en: {
    invitations: "Open invitations", loadingInvitations: "Loading invitations", noInvitations: "No invitation is open.",
    invitationsIntro: "Links that were sent and not used yet; they end after 72 hours.",
    provider: "Provider", sent: "sent", sentBy: "by {{name}}", validUntil: "valid until {{when}}", revoke: "Take back", revokeOf: "Take back the invitation of {{email}}", revokeTitle: "Take back the invitation?", revokeText: "The link that went to {{email}} stops working.", revoked: "The invitation is taken back.",
  },
  de: {
    invitations: "Offene Einladungen", loadingInvitations: "Einladungen werden geladen", noInvitations: "Keine Einladung ist offen.",
    invitationsIntro: "Verschickte Links, die noch nicht verwendet sind; sie enden nach 72 Stunden.",
    provider: "Anbieter", sent: "gesendet", sentBy: "von {{name}}", validUntil: "gilt bis {{when}}", revoke: "Zurücknehmen", revokeOf: "Die Einladung von {{email}} zurücknehmen", revokeTitle: "Einladung zurücknehmen?", revokeText: "Der Link, der an {{email}} ging, gilt dann nicht mehr.", revoked: "Die Einladung ist zurückgenommen.",
  },
});

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

/** Who was asked to take a role, with one customer or anywhere, and has not answered. */
export function Invitations(p: { customerId?: string; writes: boolean }) {
  const t = useTexts();
  const role = useRoles();
  const [result, retry] = useQuery({ query: INVITATIONS, variables: { filter: { customerId: p.customerId } } });
  const [revoked, setRevoked] = useState<Invitation | null>(null);
  return (
    <Section title={t("invitations")} intro={t("invitationsIntro")}>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton bare label={t("loadingInvitations")} rows={2} columns={3} />}>
        {({ invitations }) =>
          invitations.nodes.length === 0 ? (
            <Text size="sm" c="dimmed">{t("noInvitations")}</Text>
          ) : (
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
              {invitations.nodes.map((one) => (
                <Group component="li" key={one.id} justify="space-between" gap="xs">
                  <Stack gap={0} style={{ minWidth: 0 }}>
                    <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>{one.name} <Text span size="sm" c="dimmed">{one.email}</Text></Text>
                    <Text size="sm" c="dimmed" component="div">
                      {one.providerRole ? `${t("provider")}: ${role.provider(one.providerRole)}` : `${one.customer?.name ?? "–"}: ${one.customerRole ? role.customer(one.customerRole) : ""}`}
                      {" · "}{t("sent")} <Ago at={one.createdAt} />{one.invitedBy && ` ${t("sentBy", { name: one.invitedBy.name })}`} · {t("validUntil", { when: dateTime(one.expiresAt) })}
                    </Text>
                  </Stack>
                  {p.writes && <MayIn customerId={one.customer?.id} permission="USERS_WRITE"><Button size="xs" variant="default" aria-label={t("revokeOf", { email: one.email })} onClick={() => setRevoked(one)}>{t("revoke")}</Button></MayIn>}
                </Group>
              ))}
              <More component="li" shown={invitations.nodes.length} of={invitations.totalCount} />
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
