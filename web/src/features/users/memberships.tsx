import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Dialog } from "@/components/dialog";
import { MayIn } from "@/components/may-in";
import { CustomerRoleSelect, providerRoles, useRoles } from "@/components/roles";
import { Section } from "@/components/section";
import { Select } from "@/components/select";
import { graphql } from "@/gql/document";
import type { CustomerRole, ProviderRole } from "@/gql/generated/graphql";
import { useTexts } from "./texts";
import type { User } from "./user";

const SET_ROLE = graphql(`
  mutation SetProviderRole($input: SetProviderRoleInput!) {
    setProviderRole(input: $input) { user { id role } }
  }
`);

const CHANGE = graphql(`
  mutation ChangeUserMembership($input: ChangeMembershipInput!) {
    changeMembership(input: $input) { membership { role } }
  }
`);

const REMOVE = graphql(`
  mutation RemoveUserMembership($input: RemoveMemberInput!) {
    removeMember(input: $input) { ok }
  }
`);

const none = "NONE";

/** The role with the provider, which holds for every customer. */
export function ProviderRoleOf({ user, editable }: { user: User; editable: boolean }) {
  const t = useTexts();
  const role = useRoles();
  const [opened, { open, close }] = useDisclosure();
  return (
    <Section title={t("providerRole")} intro={t("providerRoleIntro")} actions={editable && <Button variant="default" onClick={open}>{t("changeRole")}</Button>}>
      <Text size="sm">{user.role ? `${role.provider(user.role)}: ${role.ofProvider(user.role)}` : t("noProviderRole")}</Text>
      <Dialog opened={opened} onClose={close} title={t("providerRole")}><ProviderRoleForm user={user} onClose={close} /></Dialog>
    </Section>
  );
}

function ProviderRoleForm({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useTexts();
  const role = useRoles();
  const [chosen, setChosen] = useState<string>(user.role ?? none);
  const asRole = chosen === none ? null : (chosen as ProviderRole);
  return (
    <ActionForm document={SET_ROLE} fields={["role"]} variables={() => ({ input: { userId: user.id, role: asRole } })} submit={t("save")} done={t("roleChanged")} onDone={onClose} onCancel={onClose} blocked={asRole === (user.role ?? null) && t("sameRole")}>
      {(of) => (
        <>
          <Text size="sm">{t("roleText")}</Text>
          <Select
            label={t("role")} description={asRole ? role.ofProvider(asRole) : t("noProviderRole")} inputWrapperOrder={["label", "input", "description", "error"]} allowDeselect={false} value={chosen} onChange={(value) => setChosen(value ?? none)} error={of("role")}
            data={[{ value: none, label: t("noRole") }, ...providerRoles.map((value) => ({ value, label: role.provider(value) }))]}
          />
        </>
      )}
    </ActionForm>
  );
}

type Membership = User["memberships"][number];

/** The roles within customers. */
export function Memberships({ user }: { user: User }) {
  const t = useTexts();
  const role = useRoles();
  const [changed, setChanged] = useState<Membership | null>(null);
  const [removed, setRemoved] = useState<Membership | null>(null);
  return (
    <Section title={t("memberships")} intro={user.memberships.length === 0 ? t("noMemberships") : undefined}>
      {user.memberships.length > 0 && (
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
          {user.memberships.map((m) => (
            <Group component="li" key={m.customer.id} justify="space-between" gap="xs">
              <Stack gap={0} style={{ minWidth: 0 }}>
                <Anchor component={Link} to={`/customers/${m.customer.id}`} size="sm" fw={500}>{m.customer.name}</Anchor>
                <Text size="sm" c="dimmed" component="div">{role.customer(m.role)} · {t("since")} <Ago at={m.createdAt} /></Text>
              </Stack>
              <MayIn customerId={m.customer.id} permission="USERS_WRITE">
                <Group gap="xs">
                  <Button size="xs" variant="default" aria-label={t("changeRoleAt", { customer: m.customer.name })} onClick={() => setChanged(m)}>{t("changeRole")}</Button>
                  <Button size="xs" variant="default" aria-label={t("removeFrom", { customer: m.customer.name })} onClick={() => setRemoved(m)}>{t("remove")}</Button>
                </Group>
              </MayIn>
            </Group>
          ))}
        </Stack>
      )}
      <Dialog opened={changed !== null} onClose={() => setChanged(null)} title={t("changeRoleAt", { customer: changed?.customer.name ?? "" })}>
        {changed && <MembershipForm user={user} membership={changed} onClose={() => setChanged(null)} />}
      </Dialog>
      <ConfirmAction
        opened={removed !== null} onClose={() => setRemoved(null)} title={t("removeFrom", { customer: removed?.customer.name ?? "" })}
        document={REMOVE} variables={{ input: { userId: user.id, customerId: removed?.customer.id ?? "" } }} submit={t("remove")} done={t("removed")}
      >
        {t("removeText", { name: user.name, customer: removed?.customer.name ?? "" })}
      </ConfirmAction>
    </Section>
  );
}

function MembershipForm(p: { user: User; membership: Membership; onClose: () => void }) {
  const t = useTexts();
  const [chosen, setChosen] = useState<CustomerRole>(p.membership.role);
  return (
    <ActionForm
      document={CHANGE} fields={["role"]} variables={() => ({ input: { userId: p.user.id, customerId: p.membership.customer.id, role: chosen } })}
      submit={t("save")} done={t("roleChanged")} onDone={p.onClose} onCancel={p.onClose} blocked={chosen === p.membership.role && t("sameRole")}
    >
      {(of) => (
        <>
          <Text size="sm">{t("roleText")}</Text>
          <CustomerRoleSelect name="role" value={chosen} onChange={setChosen} error={of("role")} />
        </>
      )}
    </ActionForm>
  );
}
