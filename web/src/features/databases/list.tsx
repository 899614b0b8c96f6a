import { Anchor, Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { CustomerSelect } from "@/components/customer-select";
import { EmptyState } from "@/components/empty-state";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { SearchField } from "@/components/search-field";
import { Select } from "@/components/select";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAddress } from "@/components/use-address";
import { useSeesSeveral } from "@/components/use-first-customers";
import { useMay } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { DatabasesQuery, DatabasesQueryVariables } from "@/gql/generated/graphql";
import { bytes } from "@/lib/format";
import { pageOf } from "@/lib/list-search";
import { BulkActions } from "./bulk";
import { CreateDatabase } from "./create";
import { useTexts } from "./texts";

const DATABASES = graphql(`
  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {
    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {
      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

type Row = DatabasesQuery["databases"]["nodes"][number];
const rows = 25;
const states = ["PENDING", "ACTIVE", "DEGRADED", "SUSPENDED", "FAILED", "DELETING"] as const;
const route = getRouteApi("/databases");

/** Lists the databases that the viewer may see; several can be changed at once. */
export function DatabasesPage() {
  const t = useTexts();
  const client = useClient();
  const may = useMay();
  const several = useSeesSeveral();
  const writes = may("DATABASES_WRITE");
  const [creating, setCreating] = useState(false);
  const search = route.useSearch();
  const variables: DatabasesQueryVariables = {
    ...pageOf(search, rows),
    filter: { search: search.q || undefined, state: search.state, customerId: search.customer },
    order: search.sort ? { field: search.sort as "NAME", direction: search.desc ? "DESC" : "ASC" } : undefined,
  };
  const [result, retry] = useQuery({ query: DATABASES, variables });
  const { set } = useAddress<typeof search>(route.useNavigate());
  // Who comes for it, as by the palette, finds it open, and once.
  useEffect(() => {
    if (!search.new) return;
    set({ new: undefined }, { replace: true });
    if (writes) setCreating(true);
  }, [search.new]);
  const filtered = Boolean(search.q || search.state);

  const columns = useMemo((): Column<Row>[] => [
    { key: "name", title: t("name"), sort: "NAME", render: (d) => <Anchor component={Link} to={`/databases/${d.id}`} size="sm" fw={500}>{d.name}</Anchor>, text: (d) => d.name },
    { key: "state", title: t("state"), render: (d) => <StateBadge state={d.state} />, text: (d) => d.state },
    { key: "customer", title: t("customer"), minWidth: 130, render: (d) => d.customer.name, text: (d) => d.customer.name },
    { key: "externalName", title: t("externalName"), render: (d) => d.externalName, text: (d) => d.externalName, optional: true },
    { key: "host", title: t("host"), render: (d) => d.host, text: (d) => d.host, optional: true },
    { key: "size", title: t("size"), sort: "SIZE", align: "right", render: (d) => bytes(d.sizeBytes), text: (d) => d.sizeBytes },
    { key: "connections", title: t("connections"), align: "right", render: (d) => (d.connections === null ? "–" : `${d.connections} / ${d.connectionLimit}`), text: (d) => d.connections, optional: true },
    { key: "created", title: t("created"), sort: "CREATED_AT", render: (d) => <Ago at={d.createdAt} />, text: (d) => d.createdAt },
  ], [t]);
  const create = writes && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>{t("create")}</Button>;
  return (
    <Page title={t("databases")} actions={create}>
      <Group gap="xs">
        <SearchField label={t("searchHint")} value={search.q} onSearch={(q) => set({ q }, { replace: true })} />
        <Select data={states.map((value) => ({ value, label: t(`state_${value}`) }))} value={search.state ?? null} onChange={(state) => set({ state: (state as typeof search.state) ?? undefined })} placeholder={t("anyState")} aria-label={t("state")} clearable w={{ base: "100%", xs: 180 }} />
        {several && <CustomerSelect bare label={t("customer")} placeholder={t("allCustomers")} value={search.customer ?? null} onChange={(customer) => set({ customer: customer ?? undefined })} clearable w={{ base: "100%", xs: 240 }} />}
      </Group>
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} rows={8} columns={5} />}>
        {({ databases }) =>
          databases.nodes.length === 0 && !search.after && !search.before ? (
            <EmptyState text={filtered ? t("noneFound") : search.customer ? t("noneOf") : writes ? t("none") : t("noneRead")} action={create} onClear={filtered ? () => set({ q: undefined, state: undefined }) : undefined} />
          ) : (
            <ResourceTable
              name="databases" label={t("databases")} columns={columns} page={databases} search={search} onSearch={set}
              selection={writes ? (chosen, clear) => <BulkActions rows={chosen} onDone={clear} /> : undefined}
              exportRows={() => allPages(client, DATABASES, variables, (data) => data.databases, exportLimit)}
            />
          )
        }
      </QueryView>
      <CreateDatabase opened={creating} onClose={() => setCreating(false)} customerId={search.customer} />
    </Page>
  );
}
