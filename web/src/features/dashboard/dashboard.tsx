import { Anchor, Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { Link, useSearch } from "@tanstack/react-router";
import { type ReactNode, Suspense, useState } from "react";
import { useQuery } from "urql";
import { useJobTitle } from "@/components/job-title";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { QuotaBars } from "@/components/quota-bars";
import { Section } from "@/components/section";
import { CardsSkeleton, PageSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useMay, useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { DashboardQuery } from "@/gql/generated/graphql";
import { number } from "@/lib/format";
import { lazyPart } from "@/lib/lazy-part";
import { Checklist } from "./checklist";
import { useTexts } from "./texts";
import { useDone } from "./use-done";

const DASHBOARD = graphql(`
  query Dashboard($since: DateTime!, $customer: ID, $jobs: Boolean!, $databases: Boolean!, $customers: Boolean!, $servers: Boolean!, $audit: Boolean!, $users: Boolean!) {
    running: jobs(first: 6, filter: { state: RUNNING, customerId: $customer }) @include(if: $jobs) { nodes { id kind state waitingFor createdAt customer { id name } } totalCount }
    failed: jobs(first: 20, filter: { state: FAILED, since: $since, customerId: $customer }) @include(if: $jobs) { nodes { id } pageInfo { hasNextPage } }
    stuck: jobs(first: 1, filter: { state: STUCK, customerId: $customer }) @include(if: $jobs) { totalCount }
    findings: driftFindings(first: 1, filter: { resolved: false, customerId: $customer }) @include(if: $jobs) { totalCount }
    databases(first: 1, filter: { customerId: $customer }) @include(if: $databases) { totalCount }
    anyDatabase: databases(first: 1) @include(if: $databases) { nodes { id } }
    full: customers(first: 3, filter: { quotaLevel: CRITICAL }) @include(if: $customers) { nodes { id name quotas { name used max } } }
    near: customers(first: 3, filter: { quotaLevel: WARNING }) @include(if: $customers) { nodes { id name quotas { name used max } } }
    customers(first: 3) @include(if: $customers) { nodes { id name quotas { name used max } } totalCount }
    invitations(first: 1) @include(if: $users) { totalCount }
    users(first: 2) @include(if: $users) { nodes { id } }
    databaseServers(first: 1) @include(if: $servers) { nodes { id } }
    troubled: databaseServers(first: 1, filter: { needsAttention: true }) @include(if: $servers) { totalCount }
    servers(first: 1) @include(if: $servers) { nodes { id name osName } }
    auditEvents(first: 8, filter: { exceptActions: ["session.refresh"], customerId: $customer }) @include(if: $audit) {
      nodes {
        id at action allowed
        actor { id name }
        object {
          __typename id
          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }
          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }
        }
      }
    }
  }
`);

const CHOSEN_QUOTAS = graphql(`
  query ChosenQuotas($id: ID!) {
    customer(id: $id) { id name quotas { name used max } }
  }
`);

/** What failed longer ago than that, in ms, needs nobody's attention any more. */
const week = 7 * 86_400_000;

// The charts' code comes when there is something to draw.
const HostCharts = lazyPart(async () => (await import("./host")).HostCharts);

// So does what says each action in words.
const Recent = lazyPart(async () => (await import("./recent")).Recent);

/** For the address of what is of no customer: whoever was chosen stays behind, so that the list is what the number counts. */
const everybody = { customer: undefined };

/** What needs attention, and what goes on, of the customer that was chosen where it can be. */
export function DashboardPage() {
  const t = useTexts();
  const may = useMay();
  useDone(may("AUDIT_READ"));
  const { customer } = useSearch({ strict: false }) as { customer?: string };
  // The same for as long as the page is open, since another is another query; to the minute, as the field of the list has it.
  const [since] = useState(() => new Date(Math.floor((Date.now() - week) / 60_000) * 60_000).toISOString());
  const [result, retry] = useQuery({
    query: DASHBOARD,
    variables: {
      since, customer,
      jobs: may("JOBS_READ"), databases: may("DATABASES_READ"), customers: may("CUSTOMERS_READ"), servers: may("SERVERS_READ"), audit: may("AUDIT_READ"), users: may("USERS_READ"),
    },
  });
  return (
    <Page title={t("dashboard")} intro={t("welcome")}>
      <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loading")} />}>
        {(data) => <Filled data={data} since={since} customer={customer} />}
      </QueryView>
    </Page>
  );
}

function Filled({ data, since, customer }: { data: DashboardQuery; since: string; customer?: string }) {
  const t = useTexts();
  const may = useMay();
  const { user } = useViewer();
  const host = data.servers?.nodes[0];
  const beside = <><Quotas data={data} customer={customer} />{data.running && <AtWork jobs={data.running.nodes} />}</>;
  return (
    <Stack gap="lg">
      <Checklist
        steps={[
          { name: "totp", to: "/security", done: user.totpEnabled },
          ...(data.databaseServers && may("SERVERS_WRITE") ? [{ name: "server" as const, to: "/servers", done: data.databaseServers.nodes.length > 0 }] : []),
          ...(data.customers && user.role ? [{ name: "customer" as const, to: "/customers", done: data.customers.totalCount > 0 }] : []),
          ...(data.anyDatabase ? [{ name: "database" as const, to: "/databases", done: data.anyDatabase.nodes.length > 0 }] : []),
          ...(data.users ? [{ name: "invite" as const, to: "/users", done: data.users.nodes.length > 1 || (data.invitations?.totalCount ?? 0) > 0 }] : []),
        ]}
      />
      <SimpleGrid cols={{ base: 2, sm: 3, md: 4, lg: data.troubled ? 7 : 6 }}>
        {data.customers && <Tile label={t("customers")} value={data.customers.totalCount} to="/customers" search={everybody} />}
        {data.databases && <Tile label={t("databases")} value={data.databases.totalCount} to="/databases" />}
        {data.running && <Tile label={t("running")} value={data.running.totalCount} to="/jobs" search={{ state: "RUNNING" }} />}
        {data.failed && <Tile label={t("failed")} value={data.failed.nodes.length} more={data.failed.pageInfo.hasNextPage} to="/jobs" search={{ state: "FAILED", from: since }} attention />}
        {data.stuck && <Tile label={t("stuck")} value={data.stuck.totalCount} to="/jobs" search={{ state: "STUCK" }} attention />}
        {data.findings && <Tile label={t("findings")} value={data.findings.totalCount} to="/drift" attention />}
        {data.troubled && <Tile label={t("troubled")} value={data.troubled.totalCount} to="/servers" search={{ ...everybody, attention: true }} attention />}
      </SimpleGrid>
      {host && <Suspense fallback={<CardsSkeleton label={t("loading")} cards={4} height={170} />}><HostCharts server={host} /></Suspense>}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {data.auditEvents ? <Stack gap="md">{beside}</Stack> : beside}
        {data.auditEvents && (
          <Card title={t("recent")} to="/audit">
            {data.auditEvents.nodes.length === 0 ? (
              <Text size="sm" c="dimmed">{t("noAudit")}</Text>
            ) : (
              <Suspense fallback={<CardsSkeleton label={t("loading")} cards={1} height={200} />}><Recent events={data.auditEvents.nodes} /></Suspense>
            )}
          </Card>
        )}
      </SimpleGrid>
    </Stack>
  );
}

function AtWork({ jobs }: { jobs: NonNullable<DashboardQuery["running"]>["nodes"] }) {
  const t = useTexts();
  const title = useJobTitle();
  return (
    <Card title={t("now")} to="/jobs">
      {jobs.length === 0 ? (
        <Text size="sm" c="dimmed">{t("nothing")}</Text>
      ) : (
        <Stack gap="xs">
          {jobs.map((j) => (
            <Group key={j.id} justify="space-between" gap="xs">
              <Anchor component={Link} to={`/jobs/${j.id}`} size="sm">{title(j.kind)}{j.customer ? ` · ${j.customer.name}` : ""}</Anchor>
              <StateBadge state={j.waitingFor ? "WAITING" : j.state} />
            </Group>
          ))}
        </Stack>
      )}
    </Card>
  );
}

type Holder = NonNullable<DashboardQuery["customers"]>["nodes"][number];

/** How far the fullest of a customer's quotas is used; -1 where none has a limit. */
const fullness = ({ quotas }: Holder) => Math.max(-1, ...quotas.map(({ used, max }) => (max == null ? -1 : Number(max) === 0 && Number(used) === 0 ? 1 : Number(used) / Number(max))));

/** The quotas of the customer that was chosen, else those of the customers who have used most of theirs. */
function Quotas({ data: { full, near, customers }, customer }: { data: DashboardQuery; customer?: string }) {
  const t = useTexts();
  const [chosen] = useQuery({ query: CHOSEN_QUOTAS, variables: { id: customer ?? "" }, pause: !customer || !customers });
  const all = customer ? [chosen.data?.customer ?? []].flat() : [full, near, customers].flatMap((of) => of?.nodes ?? []);
  const shown = [...new Map(all.map((one) => [one.id, one])).values()].sort((a, b) => fullness(b) - fullness(a)).slice(0, 3);
  if (shown.length === 0) return null;
  return (
    <Card title={t("quotas")} to="/customers" search={everybody}>
      <Stack gap="md">
        {shown.map((c) => (
          <Stack key={c.id} gap={6}>
            <Anchor component={Link} to={`/customers/${c.id}`} size="sm" fw={500}>{c.name}</Anchor>
            <QuotaBars quotas={c.quotas} />
          </Stack>
        ))}
      </Stack>
    </Card>
  );
}

/** A number that leads to what it counts, or to more of it. */
function Tile(p: { label: string; value: number; more?: boolean; to: string; search?: object; attention?: boolean }) {
  return (
    <Paper withBorder p="md" renderRoot={(props) => <Link to={p.to} search={p.search as never} {...props} />} td="none" c="inherit" style={{ display: "flex", flexDirection: "column", justifyContent: "space-between" }}>
      <Text size="xs" c="dimmed">{p.label}</Text>
      <Text size="xl" fw={600} c={p.attention && p.value > 0 ? "var(--mantine-color-error)" : undefined}>{number(p.value)}{p.more && "+"}</Text>
    </Paper>
  );
}

function Card(p: { title: string; to: string; search?: object; children: ReactNode }) {
  const t = useTexts();
  return <Section title={p.title} actions={<Anchor component={Link} to={p.to} search={p.search as never} size="sm" aria-label={`${t("all")}: ${p.title}`}>{t("all")}</Anchor>}>{p.children}</Section>;
}
