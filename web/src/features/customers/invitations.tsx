import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { Ago } from "@/components/ago";
import { QueryView } from "@/components/query-view";
import { CustomerRoleSelect, useRoles } from "@/components/roles";
import { Section } from "@/components/section";
import { ShowGraphQL } from "@/components/show-graphql";
import { TableSkeleton } from "@/components/skeletons";
import { useAction } from "@/components/use-action";
import { graphql } from "@/gql/document";
import type { CustomerRole } from "@/gql/generated/graphql";
import { INVITE, REVOKE_INVITATION } from "./operations";
import { useTexts } from "./texts-members";

const INVITATIONS = graphql(`
  query CustomerInvitations($customerId: ID!) {
    invitations(first: 100, filter: { customerId: $customerId }) { nodes { id email name customerRole createdAt expiresAt invitedBy { id name } } totalCount }
  }
`);

/** The invitations that nobody has accepted yet. */
export function Invitations(p: { customerId: string; writes: boolean }) {
  const t = useTexts();
  const [result, retry] = useQuery({ query: INVITATIONS, variables: { customerId: p.customerId } });
  const roles = useRoles();
  const revoke = useAction(REVOKE_INVITATION, { done: t("revoked") });
  return (
    <Section title={t("invitations")} intro={t("invitationsIntro")}>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton bare label={t("loading")} rows={1} columns={3} />}>
        {({ invitations: { nodes } }) =>
          nodes.length === 0 ? (
            <Text size="sm" c="dimmed">{t("noInvitations")}</Text>
          ) : (
            <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: "none" }}>
              {nodes.map((i) => (
                <Group component="li" key={i.id} justify="space-between" gap="xs">
                  <Stack gap={0} style={{ minWidth: 0 }}>
                    <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>{i.name} · {i.email}</Text>
                    <Text size="sm" c="dimmed" component="div">{i.customerRole && roles.customer(i.customerRole)} · {t("ends")} <Ago at={i.expiresAt} />{i.invitedBy && ` · ${t("by", { name: i.invitedBy.name })}`}</Text>
                  </Stack>
                  {p.writes && (
                    <Group gap={4}>
                      <ShowGraphQL document={REVOKE_INVITATION} variables={{ input: { id: i.id } }} />
                      <Button size="xs" variant="default" loading={revoke.busy} onClick={() => void revoke.run({ input: { id: i.id } })} aria-label={t("revokeOf", { email: i.email })}>{t("revoke")}</Button>
                    </Group>
                  )}
                </Group>
              ))}
            </Stack>
          )
        }
      </QueryView>
    </Section>
  );
}

/** Invites somebody to a role within a customer. */
export function InviteForm(p: { customerId: string; onClose: () => void }) {
  const t = useTexts();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<CustomerRole>("DEVELOPER");
  return (
    <ActionForm
      document={INVITE} variables={{ input: { email: email.trim(), name: name.trim(), customerId: p.customerId, customerRole: role } }} fields={["email", "name", "customerRole"]} submit={t("send")}
      done={t("invited", { email: email.trim() })} onCancel={p.onClose} onDone={p.onClose}
    >
      {(error) => (
        <Stack gap="md">
          <TextInput name="email" type="email" label={t("email")} description={t("emailHint")} value={email} onChange={({ currentTarget: { value } }) => setEmail(value)} error={error("email")} autoComplete="off" required data-autofocus />
          <TextInput name="name" label={t("name")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} autoComplete="off" required />
          <CustomerRoleSelect name="customerRole" value={role} onChange={setRole} error={error("customerRole")} />
        </Stack>
      )}
    </ActionForm>
  );
}
