import { Alert, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useQuery } from "urql";
import { JobsOf } from "@/components/jobs-of";
import { NotFound } from "@/components/not-found";
import { Page } from "@/components/page";
import { PageTabs } from "@/components/page-tabs";
import { QueryView } from "@/components/query-view";
import { PageSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAddress } from "@/components/use-address";
import { useMayIn } from "@/components/use-may-in";
import { graphql } from "@/gql/document";
import type { CustomerDetailQuery } from "@/gql/generated/graphql";
import { AuditTab } from "./audit";
import { ChildrenTab, DatabasesTab } from "./below";
import { MembersTab } from "./members";
import { OverviewTab } from "./overview";
import { SettingsTab } from "./settings";
import { useTexts } from "./texts";

const CUSTOMER = graphql(`
  query CustomerDetail($id: ID!) {
    customer(id: $id) {
      id name email company country state suspendReason createdAt updatedAt
      parent { id name }
      quotas { name used max level }
      databases(first: 1) { totalCount }
      children(first: 1) { totalCount }
    }
  }
`);

export type Customer = NonNullable<CustomerDetailQuery["customer"]>;
const route = getRouteApi("/customers/$id");
const tabs = ["overview", "children", "databases", "members", "jobs", "audit", "settings"] as const;
const needs = { children: "CUSTOMERS_READ", databases: "DATABASES_READ", members: "USERS_READ", jobs: "JOBS_READ", audit: "AUDIT_READ", settings: "CUSTOMERS_WRITE" } as const;

/** One customer: what it has and uses, who is in it, what happened, and what can be changed. */
export function CustomerPage() {
  const t = useTexts();
  const { id } = route.useParams();
  const [result, retry] = useQuery({ query: CUSTOMER, variables: { id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loadingOne")} />}>
      {({ customer }) => (customer ? <CustomerView key={customer.id} customer={customer} /> : <NotFound />)}
    </QueryView>
  );
}

function CustomerView({ customer: c }: { customer: Customer }) {
  const t = useTexts();
  const search = route.useSearch();
  const { set } = useAddress<typeof search>(route.useNavigate());
  const may = useMayIn(c.id);
  const visible = tabs.filter((tab) => tab === "overview" || may(needs[tab]));
  const open = visible.find((tab) => tab === search.tab) ?? "overview";
  const list = { search, onSearch: set };
  const above = [{ label: t("customers"), to: "/customers" }, ...(c.parent ? [{ label: c.parent.name, to: `/customers/${c.parent.id}` }] : [])];
  return (
    <Page title={c.name} above={above} beside={<StateBadge state={c.state} />} intro={[c.company, c.email].filter(Boolean).join(" · ")}>
      {c.suspendReason && (
        <Alert color="yellow" role="status" title={c.state === "SUSPENDED" ? t("suspendedTitle") : t("suspendingTitle")}><Text size="sm">{t("suspendedFor", { reason: c.suspendReason })}</Text></Alert>
      )}
      {c.state === "ARCHIVED" && <Alert color="gray" role="status">{t("archivedText")}</Alert>}
      <PageTabs
        label={c.name} tabs={visible.map((tab) => ({ tab, title: t(`tab_${tab}`) }))} open={open}
        onOpen={(tab) => set({ tab: tab === "overview" ? undefined : tab })}
      >
        {open === "overview" && <OverviewTab customer={c} />}
        {open === "children" && <ChildrenTab customerId={c.id} writes={may("CUSTOMERS_WRITE") && c.state !== "ARCHIVED"} {...list} />}
        {open === "databases" && <DatabasesTab customerId={c.id} {...list} />}
        {open === "members" && <MembersTab customer={c} writes={may("USERS_WRITE") && c.state !== "ARCHIVED"} {...list} />}
        {open === "jobs" && <JobsOf filter={{ customerId: c.id }} creates={may("DATABASES_WRITE") && c.state !== "ARCHIVED"} {...list} />}
        {open === "audit" && <AuditTab customerId={c.id} {...list} />}
        {open === "settings" && <SettingsTab customer={c} />}
      </PageTabs>
    </Page>
  );
}
