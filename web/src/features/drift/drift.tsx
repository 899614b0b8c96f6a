import { Anchor, Badge, Button, Group, Menu, Text } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EmptyState } from "@/components/empty-state";
import { LongName } from "@/components/long-name";
import { MayIn } from "@/components/may-in";
import { ObjectFilter } from "@/components/object-filter";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { Select } from "@/components/select";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAddress } from "@/components/use-address";
import { useIsStaff, useMay } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { DriftDecision, DriftFindingsQuery, DriftFindingsQueryVariables } from "@/gql/generated/graphql";
import { pageOf } from "@/lib/list-search";
import { useSay } from "@/sentences/use-say";
import { Decide } from "./decide";
import { useTexts } from "./texts";

const FINDINGS = graphql(`
  query DriftFindings($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DriftFilter) {
    driftFindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id kind objectKind externalName detail foundAt resolvedAt ignored
        resource { __typename id ... on Database { name customer { id } } ... on DatabaseUser { database { id customer { id } } } }
        server { id name }
        job { id state }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

const SERVERS = graphql(`
  query DriftServers {
    databaseServers(first: 100) { nodes { id name } }
  }
`);

export type Finding = DriftFindingsQuery["driftFindings"]["nodes"][number];

const rows = 25;
const kinds = ["MISSING", "DIFFERS", "ORPHAN", "FOREIGN"] as const;
const colors = { MISSING: "red", DIFFERS: "orange", ORPHAN: "gray", FOREIGN: "yellow" } as const;
const route = getRouteApi("/drift");

/** What can be made of a finding: only what fits its kind. */
export function decisionsOf({ kind, objectKind, resolvedAt, ignored }: Finding, staff: boolean): DriftDecision[] {
  if (resolvedAt) return [];
  const leave: DriftDecision[] = ignored ? [] : ["IGNORE"];
  switch (kind) {
    case "DIFFERS": return ["REPAIR", ...leave];
    case "MISSING": return [objectKind === "DATABASE" ? "RECREATE" : "REPAIR", ...leave];
    case "ORPHAN": return staff ? ["DELETE", ...leave] : [];
    case "FOREIGN": return staff ? ["ADOPT", ...leave] : [];
  }
}

/** Whose the object is; undefined when it is nobody's, or gone. */
function customerOf({ resource: of }: Finding): string | undefined {
  switch (of?.__typename) {
    case "Database": return of.customer.id;
    case "DatabaseUser": return of.database.customer.id;
    default: return undefined;
  }
}

/** What surveys found on servers that is not as it is to be, and what becomes of it. */
export function DriftPage() {
  const t = useTexts();
  const may = useMay();
  const staff = useIsStaff();
  const client = useClient();
  const search = route.useSearch();
  const [chosen, setChosen] = useState<{ finding: Finding; decision: DriftDecision } | null>(null);
  // To customers servers are not said, so that an address with one is the list of all.
  const seesServers = may("SERVERS_READ");
  const server = seesServers ? search.server : undefined;
  const filtered = Boolean(search.kind || server || search.database || search.customer || search.resolved);
  const variables: DriftFindingsQueryVariables = {
    ...pageOf(search, rows),
    filter: { kind: search.kind, serverId: server, databaseId: search.database, customerId: search.customer, resolved: search.resolved === "all" ? undefined : search.resolved === "yes" },
  };
  const [result, retry] = useQuery({ query: FINDINGS, variables });
  const [servers] = useQuery({ query: SERVERS, pause: !seesServers });
  const { set } = useAddress<typeof search>(route.useNavigate());

  const say = useSay();
  const columns: Column<Finding>[] = [
    {
      key: "object", title: t("object"), text: (f) => f.externalName,
      render: (f) => (f.resource?.__typename === "Database" ? <Anchor component={Link} to={`/databases/${f.resource.id}`} size="sm" fw={500}><LongName name={f.externalName} /></Anchor> : <Text span size="sm" fw={500}><LongName name={f.externalName} /></Text>),
    },
    { key: "kind", title: t("kind"), render: (f) => <Group gap={4}><Badge color={colors[f.kind]} miw="max-content">{t(f.kind)}</Badge>{f.ignored && <Badge color="gray">{t("ignored")}</Badge>}{f.resolvedAt && <Badge color="green">{t("resolved")}</Badge>}</Group>, text: (f) => f.kind },
    { key: "objectKind", title: t("objectKind"), render: (f) => t(f.objectKind), text: (f) => f.objectKind },
    { key: "detail", title: t("detail"), render: (f) => <Text size="sm" miw={220}>{say(f.detail)}</Text>, text: (f) => say(f.detail) },
    ...(seesServers ? [{ key: "server", title: t("server"), render: (f: Finding) => (f.server ? <Anchor component={Link} to={`/servers/${f.server.id}`} size="sm">{f.server.name}</Anchor> : "–"), text: (f: Finding) => f.server?.name }] : []),
    { key: "found", title: t("found"), render: (f) => <Ago at={f.foundAt} />, text: (f) => f.foundAt },
    { key: "job", title: t("job"), render: (f) => (f.job ? <Anchor component={Link} to={`/jobs/${f.job.id}`} size="sm"><StateBadge state={f.job.state} /></Anchor> : "–"), text: (f) => f.job?.state },
    {
      key: "decide", title: t("decide"), align: "right",
      render: (f) => {
        const decisions = decisionsOf(f, staff);
        if (decisions.length === 0) return null;
        return (
          <MayIn customerId={customerOf(f)} permission="DATABASES_WRITE">
            <Menu position="bottom-end">
              <Menu.Target><Button size="xs" variant="default" aria-label={t("decideOf", { name: f.externalName })}>{t("decide")}</Button></Menu.Target>
              <Menu.Dropdown>{decisions.map((decision) => <Menu.Item key={decision} c={decision === "DELETE" ? "var(--mantine-color-error)" : undefined} onClick={() => setChosen({ finding: f, decision })}>{t(`do_${decision}`)}</Menu.Item>)}</Menu.Dropdown>
            </Menu>
          </MayIn>
        );
      },
    },
  ];
  return (
    <Page title={t("drift")} intro={t("intro")}>
      <Group gap="xs">
        <Select data={kinds.map((value) => ({ value, label: t(value) }))} value={search.kind ?? null} onChange={(kind) => set({ kind: (kind as typeof search.kind) ?? undefined })} placeholder={t("anyKind")} aria-label={t("kind")} clearable clearButtonProps={{ "aria-label": "×" }} w={{ base: "100%", xs: 190 }} />
        {seesServers && (
          <Select data={(servers.data?.databaseServers.nodes ?? []).map(({ id, name }) => ({ value: id, label: name }))} value={search.server ?? null} onChange={(server) => set({ server: server ?? undefined })} placeholder={t("anyServer")} aria-label={t("server")} clearable clearButtonProps={{ "aria-label": "×" }} w={{ base: "100%", xs: 210 }} />
        )}
        <Select
          data={[{ value: "no", label: t("unresolved") }, { value: "yes", label: t("resolved") }, { value: "all", label: t("all") }]} value={search.resolved ?? "no"} allowDeselect={false}
          onChange={(value) => set({ resolved: value === "no" ? undefined : (value as typeof search.resolved) })} aria-label={t("which")} w={{ base: "100%", xs: 170 }}
        />
        {search.database && <ObjectFilter id={search.database} onRemove={() => set({ database: undefined })} />}
      </Group>
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} columns={6} />}>
        {({ driftFindings }) =>
          driftFindings.nodes.length === 0 && !search.after && !search.before ? (
            <EmptyState text={filtered ? t("noneFound") : t(seesServers ? "none" : "noneOfYours")} onClear={filtered ? () => set({ kind: undefined, server: undefined, database: undefined, customer: undefined, resolved: undefined }) : undefined} action={<Button variant="default" onClick={() => set({ resolved: "all" })}>{t("showResolved")}</Button>} />
          ) : (
            <ResourceTable
              name="drift" label={t("drift")} columns={columns} page={driftFindings} search={search} onSearch={set}
              exportRows={() => allPages(client, FINDINGS, variables, (data) => data.driftFindings, exportLimit)}
            />
          )
        }
      </QueryView>
      <Decide chosen={chosen} onClose={() => setChosen(null)} />
    </Page>
  );
}
