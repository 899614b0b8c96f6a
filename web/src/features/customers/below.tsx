import { Anchor, Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EmptyState } from "@/components/empty-state";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, type ListPage, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { CustomerChildrenQuery, CustomerDatabasesQuery } from "@/gql/generated/graphql";
import { bytes } from "@/lib/format";
import { type ListSearch, pageOf } from "@/lib/list-search";
import { CreateCustomer } from "./create";
import { useTexts } from "./texts";

const CHILDREN = graphql(`
  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    customer(id: $id) {
      id
      children(first: $first, after: $after, last: $last, before: $before) {
        nodes { id name email state createdAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }
  }
`);

const DATABASES = graphql(`
  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    customer(id: $id) {
      id
      databases(first: $first, after: $after, last: $last, before: $before) {
        nodes { id name externalName state sizeBytes createdAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }
  }
`);

type Child = NonNullable<NonNullable<CustomerChildrenQuery["customer"]>["children"]>["nodes"][number];
type Database = NonNullable<NonNullable<CustomerDatabasesQuery["customer"]>["databases"]>["nodes"][number];
type List = { search: ListSearch; onSearch: (patch: ListSearch) => void };
const nothing = { nodes: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 0 };

/** The customers below a reseller. */
export function ChildrenTab(p: List & { customerId: string; writes: boolean }) {
  const t = useTexts();
  const client = useClient();
  const [creating, setCreating] = useState(false);
  const variables = { id: p.customerId, ...pageOf(p.search, 25) };
  const [result, retry] = useQuery({ query: CHILDREN, variables });
  const create = p.writes && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>{t("createBelow")}</Button>;
  const columns: Column<Child>[] = [
    { key: "name", title: t("name"), render: (c) => <Anchor component={Link} to={`/customers/${c.id}`} size="sm" fw={500}>{c.name}</Anchor>, text: (c) => c.name },
    { key: "state", title: t("state"), render: (c) => <StateBadge state={c.state} />, text: (c) => c.state },
    { key: "email", title: t("email"), render: (c) => c.email, text: (c) => c.email },
    { key: "created", title: t("created"), render: (c) => <Ago at={c.createdAt} />, text: (c) => c.createdAt },
  ];
  return (
    <>
      <QueryView result={result} retry={retry} list={p} skeleton={<TableSkeleton label={t("loading")} rows={4} />}>
        {({ customer }) => {
          const page: ListPage<Child> = customer?.children ?? nothing;
          return page.nodes.length === 0 && !p.search.after && !p.search.before ? (
            <EmptyState text={t("noChildren")} action={create} />
          ) : (
            <>
              <Group justify="flex-end" mb="xs">{create}</Group>
              <ResourceTable
                name="customer-children" label={t("children")} columns={columns} page={page} search={p.search} onSearch={p.onSearch}
                exportRows={() => allPages(client, CHILDREN, variables, (data) => data.customer?.children ?? nothing, exportLimit)}
              />
            </>
          );
        }}
      </QueryView>
      <CreateCustomer opened={creating} onClose={() => setCreating(false)} parentId={p.customerId} />
    </>
  );
}

/** The databases of a customer itself, not of those below it. */
export function DatabasesTab(p: List & { customerId: string }) {
  const t = useTexts();
  const client = useClient();
  const variables = { id: p.customerId, ...pageOf(p.search, 25) };
  const [result, retry] = useQuery({ query: DATABASES, variables });
  const all = <Button component={Link} to="/databases" search={{ customer: p.customerId } as never} variant="default">{t("openDatabases")}</Button>;
  const columns: Column<Database>[] = [
    { key: "name", title: t("name"), render: (d) => <Anchor component={Link} to={`/databases/${d.id}`} size="sm" fw={500}>{d.name}</Anchor>, text: (d) => d.name },
    { key: "state", title: t("state"), render: (d) => <StateBadge state={d.state} />, text: (d) => d.state },
    { key: "externalName", title: t("externalName"), render: (d) => d.externalName, text: (d) => d.externalName },
    { key: "size", title: t("size"), align: "right", render: (d) => bytes(d.sizeBytes), text: (d) => d.sizeBytes },
    { key: "created", title: t("created"), render: (d) => <Ago at={d.createdAt} />, text: (d) => d.createdAt },
  ];
  return (
    <QueryView result={result} retry={retry} list={p} skeleton={<TableSkeleton label={t("loading")} rows={4} />}>
      {({ customer }) => {
        const page: ListPage<Database> = customer?.databases ?? nothing;
        return page.nodes.length === 0 && !p.search.after && !p.search.before ? (
          <EmptyState text={t("noDatabases")} action={all} />
        ) : (
          <>
            <Group justify="flex-end" mb="xs">{all}</Group>
            <ResourceTable
              name="customer-databases" label={t("databases")} columns={columns} page={page} search={p.search} onSearch={p.onSearch}
              exportRows={() => allPages(client, DATABASES, variables, (data) => data.customer?.databases ?? nothing, exportLimit)}
            />
          </>
        );
      }}
    </QueryView>
  );
}
