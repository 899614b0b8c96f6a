import { Anchor, Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EmptyState } from "@/components/empty-state";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { SearchField } from "@/components/search-field";
import { Select } from "@/components/select";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAddress } from "@/components/use-address";
import { useMay } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { CustomersQuery, CustomersQueryVariables } from "@/gql/generated/graphql";
import { number } from "@/lib/format";
import { pageOf } from "@/lib/list-search";
import { CountrySelect, useCountryName } from "./country";
import { CreateCustomer } from "./create";
import { useTexts } from "./texts";

const CUSTOMERS = graphql(`
  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {
    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {
      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

type Row = CustomersQuery["customers"]["nodes"][number];
const rows = 25;
const count = (c: Row) => c.quotas.find(({ name }) => name === "DATABASES");
const states = ["ACTIVE", "SUSPENDED", "ARCHIVED"] as const;
const route = getRouteApi("/customers");

/** Lists the customers that the viewer may see. */
export function CustomersPage() {
  const t = useTexts();
  const client = useClient();
  const may = useMay();
  const search = route.useSearch();
  const countryName = useCountryName();
  const [creating, setCreating] = useState(false);
  const variables: CustomersQueryVariables = {
    ...pageOf(search, rows),
    filter: { search: search.q || undefined, state: search.state, country: search.country },
    order: search.sort ? { field: search.sort as "NAME", direction: search.desc ? "DESC" : "ASC" } : undefined,
  };
  const [result, retry] = useQuery({ query: CUSTOMERS, variables });
  const { set } = useAddress<typeof search>(route.useNavigate());
  // Who comes for it, as by the palette, finds it open, and once.
  useEffect(() => {
    if (!search.new) return;
    set({ new: undefined }, { replace: true });
    if (may("CUSTOMERS_WRITE")) setCreating(true);
  }, [search.new]);
  const filtered = Boolean(search.q || search.state || search.country);

  const columns = useMemo((): Column<Row>[] => [
    { key: "name", title: t("name"), sort: "NAME", render: (c) => <Anchor component={Link} to={`/customers/${c.id}`} size="sm" fw={500}>{c.name}</Anchor>, text: (c) => c.name },
    { key: "state", title: t("state"), render: (c) => <StateBadge state={c.state} />, text: (c) => c.state },
    { key: "email", title: t("email"), sort: "EMAIL", render: (c) => c.email, text: (c) => c.email },
    { key: "company", title: t("company"), render: (c) => c.company ?? "–", text: (c) => c.company, optional: true },
    { key: "country", title: t("country"), render: (c) => (c.country ? countryName(c.country) : "–"), text: (c) => c.country },
    { key: "parent", title: t("parent"), render: (c) => c.parent?.name ?? "–", text: (c) => c.parent?.name, optional: true },
    {
      key: "databases", title: t("databases"), align: "right", text: (c) => count(c)?.used,
      render: (c) => (count(c)?.max ? t("ofMax", { used: number(count(c)?.used ?? 0), max: number(count(c)?.max ?? 0) }) : number(count(c)?.used ?? 0)),
    },
    { key: "created", title: t("created"), sort: "CREATED_AT", render: (c) => <Ago at={c.createdAt} />, text: (c) => c.createdAt },
  ], [t, countryName]);
  const create = may("CUSTOMERS_WRITE") && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>{t("create")}</Button>;
  return (
    <Page title={t("customers")} actions={create}>
      <Group gap="xs">
        <SearchField label={t("searchHint")} value={search.q} onSearch={(q) => set({ q }, { replace: true })} />
        <Select data={states.map((value) => ({ value, label: t(`state_${value}`) }))} value={search.state ?? null} onChange={(state) => set({ state: (state as typeof search.state) ?? undefined })} placeholder={t("anyState")} aria-label={t("state")} clearable w={{ base: "100%", xs: 180 }} />
        <CountrySelect bare label={t("country")} placeholder={t("anyCountry")} value={search.country ?? null} onChange={(country) => set({ country: country ?? undefined })} w={{ base: "100%", xs: 220 }} />
      </Group>
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} columns={6} />}>
        {({ customers }) =>
          customers.nodes.length === 0 && !search.after && !search.before ? (
            <EmptyState text={filtered ? t("noneFound") : create ? t("none") : t("noneRead")} action={create} onClear={filtered ? () => set({ q: undefined, state: undefined, country: undefined }) : undefined} />
          ) : (
            <ResourceTable
              name="customers" label={t("customers")} columns={columns} page={customers} search={search} onSearch={set}
              exportRows={() => allPages(client, CUSTOMERS, variables, (data) => data.customers, exportLimit)}
            />
          )
        }
      </QueryView>
      <CreateCustomer opened={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}
