import { Anchor, Button, Progress } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useClient, useQuery } from "urql";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { JobFilter, JobsOfQuery } from "@/gql/generated/graphql";
import { duration, percent } from "@/lib/format";
import { type ListSearch, pageOf } from "@/lib/list-search";
import { texts } from "@/lib/text";
import { Ago } from "./ago";
import { EmptyState } from "./empty-state";
import { ResourceLink, useJobTitle, useResourceName } from "./job-title";
import { QueryView } from "./query-view";
import { type Column, exportLimit, ResourceTable } from "./resource-table";
import { TableSkeleton } from "./skeletons";
import { StateBadge } from "./states";

const JOBS_OF = graphql(`
  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {
    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name }
        resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

const useTexts = texts("jobs-of", {
  en: { jobs: "Jobs", loading: "Loading jobs", none: "No job has been at work here yet.", kind: "What", object: "Works on", customer: "Customer", state: "State", progress: "Progress", by: "Ordered by", panel: "The panel", created: "Ordered", took: "Took", create: "Create a database" },
  de: { jobs: "Aufträge", loading: "Aufträge werden geladen", none: "Hier war noch kein Auftrag am Werk.", kind: "Was", object: "Arbeitet an", customer: "Kunde", state: "Zustand", progress: "Fortschritt", by: "Beauftragt von", panel: "Das Panel", created: "Beauftragt", took: "Dauer", create: "Datenbank anlegen" },
});

type Row = JobsOfQuery["jobs"]["nodes"][number];
const took = (j: Row) => (j.startedAt && j.finishedAt ? Date.parse(j.finishedAt) - Date.parse(j.startedAt) : null);

/** The jobs that a filter leaves, the newest first; `none` is what is said when there is none, `creates` whether a database is offered then, and `onClear` takes off what somebody has chosen of the filter. */
export function JobsOf(p: { filter: JobFilter; search: ListSearch; onSearch: (patch: ListSearch) => void; none?: string; creates?: boolean; onClear?: () => void }) {
  const t = useTexts();
  const title = useJobTitle();
  const resourceName = useResourceName();
  const client = useClient();
  const variables = { ...pageOf(p.search, 25), filter: p.filter };
  const [result, retry] = useQuery({ query: JOBS_OF, variables });
  const { resourceId, customerId } = p.filter;
  const create = p.creates && <Button component={Link} to="/databases" search={{ new: true, customer: customerId ?? undefined } as never} variant="default">{t("create")}</Button>;
  const columns = useMemo((): Column<Row>[] => [
    { key: "kind", title: t("kind"), render: (j) => <Anchor component={Link} to={`/jobs/${j.id}`} size="sm" fw={500}>{title(j.kind)}</Anchor>, text: (j) => j.kind },
    ...(resourceId ? [] : [{ key: "object", title: t("object"), minWidth: 150, render: (j: Row) => <ResourceLink of={j.resource} />, text: (j: Row) => resourceName(j.resource) }]),
    { key: "state", title: t("state"), render: (j) => <StateBadge state={j.state === "RUNNING" && j.waitingFor ? "WAITING" : j.state} />, text: (j) => j.state },
    { key: "progress", title: t("progress"), width: 90, render: (j) => (j.finishedAt ? "" : <Progress value={j.percent} aria-label={`${t("progress")} ${percent(j.percent)}`} />) },
    ...(resourceId || customerId ? [] : [{ key: "customer", title: t("customer"), minWidth: 130, render: (j: Row) => j.customer?.name ?? "–", text: (j: Row) => j.customer?.name }]),
    { key: "by", title: t("by"), render: (j) => j.actor?.name ?? t("panel"), text: (j) => j.actor?.name },
    { key: "created", title: t("created"), render: (j) => <Ago at={j.createdAt} />, text: (j) => j.createdAt },
    { key: "took", title: t("took"), align: "right", render: (j) => (took(j) === null ? "–" : duration(took(j) ?? 0)), text: took },
  ], [t, title, resourceName, resourceId, customerId]);
  return (
    <QueryView result={result} retry={retry} list={p} skeleton={<TableSkeleton label={t("loading")} columns={6} />}>
      {({ jobs }) =>
        jobs.nodes.length === 0 && !p.search.after && !p.search.before ? (
          <EmptyState text={p.none ?? t("none")} action={create} onClear={p.onClear} />
        ) : (
          <ResourceTable
            name="jobs" label={t("jobs")} columns={columns} page={jobs} search={p.search} onSearch={p.onSearch}
            exportRows={() => allPages(client, JOBS_OF, variables, (data) => data.jobs, exportLimit)}
          />
        )
      }
    </QueryView>
  );
}
