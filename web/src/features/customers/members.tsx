import { ActionIcon, Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconMailPlus, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Invitations } from "@/components/invitations";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { CustomerRoleSelect, useRoles } from "@/components/roles";
import { TableSkeleton } from "@/components/skeletons";
import { useViewer } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { CustomerMembersQuery, CustomerRole } from "@/gql/generated/graphql";
import { type ListSearch, pageOf } from "@/lib/list-search";
import type { Customer } from "./detail";
import { InviteForm } from "./invite";
import { CHANGE_ROLE, REMOVE_MEMBER } from "./operations";
import { useTexts } from "./texts-members";
import { CustomerTokens } from "./tokens";

const MEMBERS = graphql(`
  query CustomerMembers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    customer(id: $id) {
      id
      memberships(first: $first, after: $after, last: $last, before: $before) {
        nodes { role createdAt user { id name email totpEnabled disabledAt } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }
  }
`);

type Membership = NonNullable<NonNullable<CustomerMembersQuery["customer"]>["memberships"]>["nodes"][number];
type Member = Membership & { id: string };
const rowsOf = <Page extends { nodes: readonly Membership[] }>(page: Page) => ({ ...page, nodes: page.nodes.map((m): Member => ({ ...m, id: m.user.id })) });
const nobody = { nodes: [], pageInfo: { hasNextPage: false } };
type Asked = { what: "invite" } | { what: "role" | "remove"; member: Member };

/** Who is in a customer and as what, who is invited, and the API tokens that are for it. */
export function MembersTab({ customer, writes, search, onSearch }: { customer: Customer; writes: boolean; search: ListSearch; onSearch: (patch: ListSearch) => void }) {
  const t = useTexts();
  const roles = useRoles();
  const { user } = useViewer();
  const client = useClient();
  const variables = { id: customer.id, ...pageOf(search, 25) };
  const [result, retry] = useQuery({ query: MEMBERS, variables });
  const [asked, setAsked] = useState<Asked | null>(null);
  const [last, setLast] = useState<Member | null>(null);
  const close = () => setAsked(null);
  const ask = (what: "role" | "remove", member: Member) => () => {
    setLast(member);
    setAsked({ what, member });
  };
  const invite = writes && <Button leftSection={<IconMailPlus size={16} aria-hidden />} onClick={() => setAsked({ what: "invite" })}>{t("invite")}</Button>;
  const columns: Column<Member>[] = [
    { key: "name", title: t("name"), render: (m) => <>{m.user.name}{m.user.id === user.id && <Text span size="sm" c="dimmed"> ({t("you")})</Text>}</>, text: (m) => m.user.name },
    { key: "email", title: t("email"), render: (m) => m.user.email, text: (m) => m.user.email },
    { key: "role", title: t("role"), render: (m) => roles.customer(m.role), text: (m) => m.role },
    { key: "totp", title: t("secondFactor"), render: (m) => (m.user.totpEnabled ? t("yes") : t("no")), text: (m) => (m.user.totpEnabled ? "yes" : "no") },
    { key: "since", title: t("since"), render: (m) => <Ago at={m.createdAt} />, text: (m) => m.createdAt },
    ...(writes
      ? [{
          key: "do", title: t("actions"), align: "right" as const,
          render: (m: Member) => (
            <Group gap={2} wrap="nowrap" justify="flex-end">
              <Tooltip label={t("changeRole", { name: m.user.name })}><ActionIcon variant="subtle" color="gray" aria-label={t("changeRole", { name: m.user.name })} onClick={ask("role", m)}><IconPencil size={16} aria-hidden /></ActionIcon></Tooltip>
              <Tooltip label={t("remove", { name: m.user.name })}><ActionIcon variant="subtle" color="red" aria-label={t("remove", { name: m.user.name })} onClick={ask("remove", m)}><IconTrash size={16} aria-hidden /></ActionIcon></Tooltip>
            </Group>
          ),
        }]
      : []),
  ];
  return (
    <Stack gap="lg">
      <QueryView result={result} retry={retry} list={{ search, onSearch }} skeleton={<TableSkeleton label={t("loading")} rows={3} columns={5} />}>
        {({ customer: read }) => {
          const page = read?.memberships;
          if (!page || (page.nodes.length === 0 && !search.after && !search.before)) return <EmptyState text={t("none")} action={invite} />;
          return (
            <div>
              <Group justify="flex-end" mb="xs">{invite}</Group>
              <ResourceTable
                name="customer-members" label={t("members")} columns={columns} page={rowsOf(page)} search={search} onSearch={onSearch}
                exportRows={() => allPages(client, MEMBERS, variables, (data) => rowsOf(data.customer?.memberships ?? nobody), exportLimit)}
              />
            </div>
          );
        }}
      </QueryView>
      <Invitations customerId={customer.id} writes={writes} />
      <CustomerTokens customerId={customer.id} writes={writes} />
      <Dialog drawer size="lg" opened={asked?.what === "invite"} onClose={close} title={t("inviteTo", { name: customer.name })}><InviteForm customerId={customer.id} onClose={close} /></Dialog>
      <Dialog size="lg" opened={asked?.what === "role"} onClose={close} title={t("changeRole", { name: last?.user.name ?? "" })}>{last && <RoleForm customerId={customer.id} member={last} onClose={close} />}</Dialog>
      <ConfirmAction
        opened={asked?.what === "remove"} onClose={close} title={t("remove", { name: last?.user.name ?? "" })}
        document={REMOVE_MEMBER} variables={{ input: { userId: last?.user.id ?? "", customerId: customer.id } }} submit={t("removeNow")} done={t("removed", { name: last?.user.name ?? "" })}
      >
        {last?.user.id === user.id ? t("removeSelf") : t("removeText")}
      </ConfirmAction>
    </Stack>
  );
}

function RoleForm(p: { customerId: string; member: Member; onClose: () => void }) {
  const t = useTexts();
  const [role, setRole] = useState<CustomerRole>(p.member.role);
  return (
    <ActionForm
      document={CHANGE_ROLE} variables={{ input: { userId: p.member.user.id, customerId: p.customerId, role } }} fields={["role"]} submit={t("save")} done={t("roleChanged")} onCancel={p.onClose} onDone={p.onClose}
      blocked={role === p.member.role ? t("sameRole") : undefined}
    >
      {(error) => <CustomerRoleSelect name="role" value={role} onChange={setRole} error={error("role")} />}
    </ActionForm>
  );
}
