import { Badge, Button, Loader, Menu, Stack, Text } from "@mantine/core";
import { IconDownload, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { useQuery } from "urql";
import { EntryDetails } from "@/components/audit-entry";
import { useObjectName } from "@/components/audit-object";
import { Action, Outcome, Who } from "@/components/audit-parties";
import { useTexts } from "@/components/audit-texts";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, ResourceTable } from "@/components/resource-table";
import { ShowGraphQL } from "@/components/show-graphql";
import { TableSkeleton } from "@/components/skeletons";
import { toastProblem } from "@/components/toasts";
import { useAddress } from "@/components/use-address";
import { dateTime } from "@/lib/format";
import { pageOf } from "@/lib/list-search";
import { plain } from "@/lib/plain";
import { exportAudit } from "./export";
import { Filters } from "./filters";
import { type AuditSearch, type Entry, EVENTS, filterOf } from "./operations";
import { merged, useTail } from "./use-tail";

const rows = 25;
const route = getRouteApi("/audit");

/** Who did what, and who was refused what: as it comes, and as far back as there is a panel. */
export function AuditPage() {
  const t = useTexts();
  const nameOf = useObjectName();
  const search: AuditSearch = route.useSearch();
  const { set, change, open, close } = useAddress<AuditSearch>(route.useNavigate());
  const filter = filterOf(search);
  const variables = { ...pageOf(search, rows), filter };
  const [result, retry] = useQuery({ query: EVENTS, variables });
  const first = !search.after && !search.before;
  // Only behind a list that is there: an older answer that comes late cannot take the place of the one read at the stream's place.
  const live = useTail(first && result.data !== undefined, filter, () => retry({ requestPolicy: "network-only" }));
  const [exporting, setExporting] = useState(false);

  async function save(format: "csv" | "json") {
    if (exporting) return;
    setExporting(true);
    const problem = await exportAudit(format, filter);
    setExporting(false);
    if (problem) toastProblem(problem);
  }

  const columns = useMemo((): Column<Entry>[] => [
    { key: "action", title: t("action"), render: (e) => <Action of={e.action} open={() => open({ event: e.id })} /> },
    { key: "outcome", title: t("outcome"), render: (e) => <Outcome allowed={e.allowed} times={e.times} /> },
    { key: "actor", title: t("actor"), render: (e) => <Who actor={e.actor} impersonator={e.impersonator} /> },
    { key: "object", title: t("object"), render: (e) => <Text span size="sm">{e.object ? plain(nameOf(e.object)) : "–"}</Text> },
    { key: "customer", title: t("customer"), minWidth: 130, render: (e) => (e.customer ? plain(e.customer.name) : "–") },
    { key: "ip", title: t("ip"), render: (e) => e.ip ?? "–", optional: true },
    { key: "at", title: t("at"), render: (e) => <Text span size="sm" component="time" dateTime={e.at} style={{ whiteSpace: "nowrap" }}>{dateTime(e.at)}</Text> },
  ], [t, nameOf, open]);
  const [cleared, setCleared] = useState(0);
  function clear() {
    setCleared(cleared + 1); // what was typed, and did not go into the address, goes, too
    set({ actor: undefined, customer: undefined, action: undefined, object: undefined, ip: undefined, allowed: undefined, from: undefined, to: undefined });
  }
  const filtered = Object.entries(filter).some(([name, value]) => name !== "exceptActions" && value !== undefined);

  const empty = filtered ? <EmptyState text={t("noneFound")} onClear={clear} /> : <EmptyState text={t("none")} action={!search.renewals && <Button variant="default" onClick={() => set({ renewals: true })}>{t("renewals")}</Button>} />;

  return (
    <Page
      title={t("audit")} intro={t("intro")}
      actions={
        <>
          {first && <Tail paused={search.paused ?? false} set={(paused) => change({ paused: paused || undefined }, { replace: true })} />}
          <ShowGraphQL document={EVENTS} variables={variables} />
          <Menu position="bottom-end">
            {/* A button that cannot be pressed would not get the focus back from its menu. */}
            <Menu.Target><Button variant="default" leftSection={exporting ? <Loader size={16} aria-hidden /> : <IconDownload size={16} aria-hidden />} aria-busy={exporting}>{t("export")}</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => void save("csv")}>{t("exportCsv")}</Menu.Item>
              <Menu.Item onClick={() => void save("json")}>{t("exportJson")}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      <Filters key={cleared} search={search} set={set} actions={[...new Set((result.data?.auditEvents.nodes ?? []).map(({ action }) => action))]} />
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} columns={6} />}>
        {({ auditEvents }) => (
          <List of={JSON.stringify(variables)} settled={!result.fetching && !result.stale} live={first ? live : []} page={auditEvents} paused={search.paused ?? false} empty={empty}>
            {(nodes) => <ResourceTable name="audit" label={t("audit")} columns={columns} page={{ ...auditEvents, nodes }} search={search} onSearch={set} />}
          </List>
        )}
      </QueryView>
      <Dialog drawer opened={search.event !== undefined} onClose={() => close({ event: undefined })} title={t("entry")} size="xl">
        {search.event !== undefined && <EntryDetails id={search.event} onFilter={(patch) => set({ ...patch, event: undefined })} />}
      </Dialog>
    </Page>
  );
}

/** The rows with what came live on top; while it is paused what was there stays, and what came is counted. */
function List(p: { of: string; live: readonly Entry[]; page: { nodes: readonly Entry[] }; settled: boolean; paused: boolean; empty: ReactNode; children: (rows: Entry[]) => ReactNode }) {
  const t = useTexts();
  const all = merged(p.live, p.page.nodes);
  const [held, setHeld] = useState<{ of: string; rows: Entry[] } | null>(null);
  // Another page or filter, which is what the list is of, begins anew, and is held once it is there.
  if (p.paused && p.settled && held?.of !== p.of) setHeld({ of: p.of, rows: all });
  if (!p.paused && held !== null) setHeld(null);
  const rows = p.paused && held?.of === p.of ? held.rows : all;
  const known = new Set(rows.map(({ id }) => id));
  const fresh = all.filter(({ id, at }) => !known.has(id) && (rows.length === 0 || Date.parse(at) >= Date.parse(rows[0]!.at))).length;
  return (
    <Stack gap={0}>
      <div role="status">{p.paused && fresh > 0 && <Text size="sm" fw={500}>{t("waiting", { count: fresh })}</Text>}</div>
      {rows.length === 0 ? p.empty : p.children(rows)}
    </Stack>
  );
}

function Tail(p: { paused: boolean; set: (paused: boolean) => void }) {
  const t = useTexts();
  return (
    <>
      <Badge color={p.paused ? "gray" : "green"}>{p.paused ? t("paused") : t("live")}</Badge>
      <Button variant="default" leftSection={p.paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />} onClick={() => p.set(!p.paused)}>{p.paused ? t("resume") : t("pause")}</Button>
    </>
  );
}
