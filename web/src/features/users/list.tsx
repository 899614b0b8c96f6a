import { Anchor, Badge, Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { CustomerSelect } from "@/components/customer-select";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Invitations } from "@/components/invitations";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { useRoles } from "@/components/roles";
import { SearchField } from "@/components/search-field";
import { TableSkeleton } from "@/components/skeletons";
import { useAddress } from "@/components/use-address";
import { useMay } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { UsersQuery, UsersQueryVariables } from "@/gql/generated/graphql";
import { pageOf } from "@/lib/list-search";
import { Invite } from "./invite";
import { useTexts } from "./texts";

const USERS = graphql(`
  query Users($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) {
    users(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { id name email role totpEnabled disabledAt createdAt memberships { role customer { id name } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

type Row = UsersQuery["users"]["nodes"][number];
const rows = 25;
const route = getRouteApi("/users");

/** Lists the users that the viewer may see, and the invitations that are open. */
export function UsersPage() {
  const t = useTexts();
  const role = useRoles();
  const may = useMay();
  const client = useClient();
  const search = route.useSearch();
  const [inviting, { open, close }] = useDisclosure();
  const variables: UsersQueryVariables = { ...pageOf(search, rows), filter: { search: search.q || undefined, customerId: search.customer } };
  const [result, retry] = useQuery({ query: USERS, variables });
  const { set } = useAddress<typeof search>(route.useNavigate());
  // Who comes for it, as by the palette, finds it open, and once.
  useEffect(() => {
    if (!search.new) return;
    set({ new: undefined }, { replace: true });
    if (may("USERS_WRITE")) open();
  }, [search.new]);
  const filtered = Boolean(search.q || search.customer);
  const invite = may("USERS_WRITE") && <Button onClick={open}>{t("invite")}</Button>;
  const roles = (u: Row) => [u.role ? role.provider(u.role) : "", ...u.memberships.map((m) => `${m.customer.name}: ${role.customer(m.role)}`)].filter(Boolean);

  const columns: Column<Row>[] = [
    { key: "name", title: t("name"), render: (u) => <Anchor component={Link} to={`/users/${u.id}`} size="sm" fw={500}>{u.name}</Anchor>, text: (u) => u.name },
    { key: "email", title: t("email"), render: (u) => u.email, text: (u) => u.email },
    {
      key: "roles", title: t("roles"), text: (u) => roles(u).join("; "),
      render: (u) => (
        <Group gap={4}>
          {u.role && <Badge color="blue" miw="max-content">{role.provider(u.role)}</Badge>}
          {u.memberships.slice(0, 2).map((m) => <Badge key={m.customer.id} color="gray" maw={300}>{m.customer.name}: {role.customer(m.role)}</Badge>)}
          {u.memberships.length > 2 && <Badge color="gray">{t("more", { count: u.memberships.length - 2 })}</Badge>}
        </Group>
      ),
    },
    { key: "secondFactor", title: t("secondFactor"), render: (u) => (u.totpEnabled ? t("yes") : t("no")), text: (u) => (u.totpEnabled ? "yes" : "no") },
    { key: "state", title: t("state"), render: (u) => <Badge color={u.disabledAt ? "red" : "green"}>{u.disabledAt ? t("disabled") : t("open")}</Badge>, text: (u) => u.disabledAt },
    { key: "created", title: t("created"), render: (u) => <Ago at={u.createdAt} />, text: (u) => u.createdAt, optional: true },
  ];
  return (
    <Page title={t("users")} actions={invite}>
      <Group gap="xs">
        <SearchField label={t("searchHint")} value={search.q} onSearch={(q) => set({ q }, { replace: true })} />
        <CustomerSelect bare clearable label={t("customer")} placeholder={t("anyCustomer")} value={search.customer ?? null} onChange={(customer) => set({ customer: customer ?? undefined })} w={{ base: "100%", xs: 240 }} />
      </Group>
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} columns={5} />}>
        {({ users }) => (
          <>
            {users.nodes.length === 0 && !search.after && !search.before ? (
              <EmptyState text={filtered ? t("noneFound") : t("none")} action={invite} onClear={filtered ? () => set({ q: undefined, customer: undefined }) : undefined} />
            ) : (
              <ResourceTable
                name="users" label={t("users")} columns={columns} page={users} search={search} onSearch={set}
                exportRows={() => allPages(client, USERS, variables, (data) => data.users, exportLimit)}
              />
            )}
            {/* Not before: the list above it has not its height yet. */}
            <Invitations customerId={search.customer} writes={may("USERS_WRITE")} />
          </>
        )}
      </QueryView>
      <Dialog drawer opened={inviting} onClose={close} title={t("invite")}><Invite customerId={search.customer} onClose={close} /></Dialog>
    </Page>
  );
}
