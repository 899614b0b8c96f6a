import { Anchor, Group, Progress, Select } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EmptyState } from "@/components/empty-state";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { JobsQuery, JobsQueryVariables } from "@/gql/generated/graphql";
import { duration, percent } from "@/lib/format";
import { pageOf } from "@/lib/list-search";
import { useTexts } from "./texts";

const JOBS = graphql(`
  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {
    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

type Row = JobsQuery["jobs"]["nodes"][number];
const rows = 25;
const states = ["PENDING", "RUNNING", "COMPENSATING", "SUCCEEDED", "FAILED", "CANCELED", "STUCK"] as const;
const route = getRouteApi("/jobs");

/** Lists the jobs that the viewer may see, the newest first. */
export function JobsPage() {
  const t = useTexts();
  const client = useClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const variables: JobsQueryVariables = { ...pageOf(search, rows), filter: { state: search.state, customerId: search.customer, resourceId: search.resource } };
  const [result, retry] = useQuery({ query: JOBS, variables });
  const set = (patch: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...patch }), replace: true });

  const columns: Column<Row>[] = [
    { key: "kind", title: t("kind"), render: (j) => <Anchor component={Link} to={`/jobs/${j.id}`} size="sm" fw={500}>{j.kind}</Anchor>, text: (j) => j.kind },
    { key: "state", title: t("state"), render: (j) => <StateBadge state={j.state === "RUNNING" && j.waitingFor ? "WAITING" : j.state} />, text: (j) => j.state },
    { key: "progress", title: t("progress"), width: 140, render: (j) => (j.finishedAt ? "" : <Progress value={j.percent} aria-label={`${t("progress")} ${percent(j.percent)}`} />) },
    { key: "customer", title: t("customer"), render: (j) => j.customer?.name ?? "–", text: (j) => j.customer?.name },
    { key: "by", title: t("by"), render: (j) => j.actor?.name ?? t("panel"), text: (j) => j.actor?.name },
    { key: "created", title: t("created"), render: (j) => <Ago at={j.createdAt} />, text: (j) => j.createdAt },
    {
      key: "took", title: t("took"), align: "right",
      render: (j) => (j.startedAt && j.finishedAt ? duration(Date.parse(j.finishedAt) - Date.parse(j.startedAt)) : "–"),
      text: (j) => (j.startedAt && j.finishedAt ? Date.parse(j.finishedAt) - Date.parse(j.startedAt) : null),
    },
  ];
  return (
    <Page title={t("jobs")}>
      <Group gap="xs">
        <Select data={states.map((value) => ({ value, label: t(`state_${value}`) }))} value={search.state ?? null} onChange={(state) => set({ state: (state as typeof search.state) ?? undefined })} placeholder={t("anyState")} aria-label={t("state")} clearable w={{ base: "100%", xs: 200 }} />
      </Group>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton label={t("loading")} columns={6} />}>
        {({ jobs }) =>
          jobs.nodes.length === 0 && !search.after && !search.before ? (
            <EmptyState text={search.state || search.customer || search.resource ? t("noneFound") : t("none")} />
          ) : (
            <ResourceTable
              name="jobs" label={t("jobs")} columns={columns} page={jobs} search={search} onSearch={set} fetching={result.stale}
              exportRows={() => allPages(client, JOBS, variables, (data) => data.jobs, exportLimit)}
            />
          )
        }
      </QueryView>
    </Page>
  );
}
