import { Button } from "@mantine/core";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EntryDetails } from "@/components/audit-entry";
import { useObjectName } from "@/components/audit-object";
import { Action, Outcome } from "@/components/audit-parties";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { useAddress } from "@/components/use-address";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { CustomerAuditQuery } from "@/gql/generated/graphql";
import { type ListSearch, pageOf } from "@/lib/list-search";
import { plain } from "@/lib/plain";
import { useTexts } from "./texts";

const AUDIT = graphql(`
  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {
    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id at action allowed times ip objectId
        actor { id name }
        impersonator { id name }
        object {
          __typename id
          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }
          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }
        }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);

type Row = CustomerAuditQuery["auditEvents"]["nodes"][number];
const route = getRouteApi("/customers/$id");

/** Who did what within a customer, the newest first. */
export function AuditTab(p: { customerId: string; search: ListSearch; onSearch: (patch: ListSearch) => void }) {
  const t = useTexts();
  const client = useClient();
  const navigate = useNavigate();
  const nameOf = useObjectName();
  const { event } = route.useSearch();
  const { open, close } = useAddress<{ event: string }>(route.useNavigate());
  const variables = { ...pageOf(p.search, 25), filter: { customerId: p.customerId } };
  const [result, retry] = useQuery({ query: AUDIT, variables });
  const who = (e: Row) => [e.actor?.name ?? t("panel"), e.impersonator && `(${e.impersonator.name})`].filter(Boolean).join(" ");
  const columns: Column<Row>[] = [
    { key: "at", title: t("when"), render: (e) => <Ago at={e.at} />, text: (e) => e.at },
    { key: "action", title: t("action"), render: (e) => <Action of={e.action} open={() => open({ event: e.id })} />, text: (e) => e.action },
    { key: "who", title: t("who"), render: who, text: who },
    { key: "allowed", title: t("outcome"), render: (e) => <Outcome allowed={e.allowed} times={e.times} />, text: (e) => (e.allowed ? "done" : "refused") },
    { key: "ip", title: t("ip"), render: (e) => e.ip ?? "–", text: (e) => e.ip },
    { key: "object", title: t("object"), render: (e) => (e.object ? plain(nameOf(e.object)) : "–"), text: (e) => e.objectId },
  ];
  return (
    <>
      <QueryView result={result} retry={retry} list={p} skeleton={<TableSkeleton label={t("loading")} columns={5} />}>
        {({ auditEvents }) =>
          auditEvents.nodes.length === 0 && !p.search.after && !p.search.before ? (
            <EmptyState text={t("noAudit")} action={<Button component={Link} to="/audit" search={{ customer: p.customerId, renewals: true } as never} variant="default">{t("openAudit")}</Button>} />
          ) : (
            <ResourceTable
              name="customer-audit" label={t("tab_audit")} columns={columns} page={auditEvents} search={p.search} onSearch={p.onSearch}
              exportRows={() => allPages(client, AUDIT, variables, (data) => data.auditEvents, exportLimit)}
            />
          )
        }
      </QueryView>
      <Dialog drawer opened={event !== undefined} onClose={() => close({ event: undefined })} title={t("entry")} size="xl">
        {event !== undefined && <EntryDetails id={event} onFilter={(more) => void navigate({ to: "/audit", search: { customer: p.customerId, ...more } as never })} />}
      </Dialog>
    </>
  );
}
