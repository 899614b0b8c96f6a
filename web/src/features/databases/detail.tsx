import { Alert, Anchor, Button, Group } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "urql";
import { useNow } from "@/components/ago";
import { NotFound } from "@/components/not-found";
import { Page } from "@/components/page";
import { PageTabs } from "@/components/page-tabs";
import { QueryView } from "@/components/query-view";
import { ShowGraphQL } from "@/components/show-graphql";
import { PageSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAction } from "@/components/use-action";
import { useAddress } from "@/components/use-address";
import { useMayIn } from "@/components/use-may-in";
import { JobsOf } from "@/components/jobs-of";
import { graphql } from "@/gql/document";
import type { DatabaseDetailQuery } from "@/gql/generated/graphql";
import { dateTime, relative } from "@/lib/format";
import { DumpsTab } from "./dumps";
import { OverviewTab } from "./overview";
import { SettingsTab } from "./settings";
import { RESTORE } from "./operations";
import { useTexts } from "./texts-detail";
import { UsersTab } from "./users";

const DATABASE = graphql(`
  query DatabaseDetail($id: ID!) {
    database(id: $id) {
      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove
      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy
      customer { id name state }
      server { id name capabilities { name available hint } }
      connectionStrings { format value }
    }
  }
`);

export type Database = NonNullable<DatabaseDetailQuery["database"]>;
const route = getRouteApi("/databases/$id");
const tabs = ["overview", "users", "dumps", "jobs", "settings"] as const;

/** One database: what is known of it, its users, its dumps, its jobs, and what can be done to it. */
export function DatabasePage() {
  const t = useTexts();
  const { id } = route.useParams();
  const [result, retry] = useQuery({ query: DATABASE, variables: { id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loading")} />}>
      {({ database }) => (database ? <DatabaseView database={database} /> : <NotFound />)}
    </QueryView>
  );
}

function DatabaseView({ database }: { database: Database }) {
  const t = useTexts();
  const search = route.useSearch();
  const { set } = useAddress<typeof search>(route.useNavigate());
  const may = useMayIn(database.customer.id);
  const writes = may("DATABASES_WRITE");
  const visible = tabs.filter((tab) => (tab !== "jobs" || may("JOBS_READ")) && (tab !== "settings" || writes));
  const list = { search, onSearch: set };
  const open = visible.find((tab) => tab === search.tab) ?? "overview";
  return (
    <Page
      title={database.name} above={[{ label: t("databases"), to: "/databases" }]} beside={<StateBadge state={database.state} />}
      intro={<>{t("of")} <Anchor component={Link} to={`/customers/${database.customer.id}`} size="sm" underline="always">{database.customer.name}</Anchor></>}
    >
      <Why database={database} writes={writes} />
      <PageTabs
        label={database.name} tabs={visible.map((tab) => ({ tab, title: t(`tab_${tab}`) }))} open={open}
        onOpen={(tab) => set({ tab: tab === "overview" ? undefined : tab })}
      >
        {open === "overview" && <OverviewTab database={database} />}
        {open === "users" && <UsersTab database={database} writes={writes} {...list} />}
        {open === "dumps" && <DumpsTab database={database} writes={writes} {...list} />}
        {open === "jobs" && <JobsOf filter={{ resourceId: database.id }} {...list} />}
        {open === "settings" && <SettingsTab database={database} />}
      </PageTabs>
    </Page>
  );
}

/** Why it is not simply active, and what helps. */
function Why({ database: d, writes }: { database: Database; writes: boolean }) {
  const t = useTexts();
  const now = useNow();
  const restore = useAction(RESTORE, { done: t("restored") });
  if (d.state === "DELETING") {
    return (
      <Alert color="red" title={t("deletingTitle")} role="status">
        <Group justify="space-between" gap="sm">
          <span>{d.deleteAfter ? t("deletingUntil", { when: relative(d.deleteAfter, "long", Math.max(now, Date.now())), at: dateTime(d.deleteAfter) }) : t("deletingNow")}</span>
          {writes && d.deleteAfter && (
            <Group gap={4}>
              <ShowGraphQL document={RESTORE} variables={{ input: { id: d.id } }} />
              <Button variant="default" size="xs" loading={restore.busy} onClick={() => void restore.run({ input: { id: d.id } })}>{t("restore")}</Button>
            </Group>
          )}
        </Group>
      </Alert>
    );
  }
  if (d.state === "SUSPENDED") {
    const reasons = [
      d.suspendReason !== null ? (d.suspendReason ? t("suspendedFor", { reason: d.suspendReason }) : t("suspendedSelf")) : null,
      d.suspendedFromAbove ? t("suspendedAbove") : null,
      d.customer.state === "SUSPENDED" ? t("suspendedCustomer") : null,
      d.overQuota ? t("overQuota") : null,
    ].filter((text) => text !== null);
    return <Alert color="yellow" title={t("suspendedTitle")} role="status">{reasons.length > 0 ? reasons.join(" ") : t("suspendedSelf")}</Alert>;
  }
  if (d.overQuota) {
    return <Alert color="yellow" role="status">{t("overQuota")} {d.cleanupUntil && t("cleanupUntil", { at: dateTime(d.cleanupUntil) })}</Alert>;
  }
  if (d.state === "FAILED") return <Alert color="red" role="status">{t("failedWhy")}</Alert>;
  if (d.state === "DEGRADED") return <Alert color="orange" role="status">{t("degradedWhy")}</Alert>;
  if (d.state === "PENDING") return <Alert color="blue" role="status">{t("pendingWhy")}</Alert>;
  return null;
}
