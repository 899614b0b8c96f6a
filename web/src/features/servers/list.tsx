import { Anchor, Button, Checkbox } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { useAddress } from "@/components/use-address";
import { useMay } from "@/components/use-viewer";
import { allPages } from "@/gql/all-pages";
import type { DatabaseServersQuery, DatabaseServersQueryVariables } from "@/gql/generated/graphql";
import { number } from "@/lib/format";
import { pageOf } from "@/lib/list-search";
import { SERVERS } from "./operations";
import { ServerForm } from "./server-form";
import { ServerState } from "./server-state";
import { useTexts } from "./texts";

type Row = DatabaseServersQuery["databaseServers"]["nodes"][number];
const rows = 25;
const route = getRouteApi("/servers");

/** Lists the PostgreSQL servers that databases are made on. */
export function ServersPage() {
  const t = useTexts();
  const may = useMay();
  const client = useClient();
  const go = useNavigate();
  const search = route.useSearch();
  const [opened, { open, close }] = useDisclosure();
  const variables: DatabaseServersQueryVariables = { ...pageOf(search, rows), filter: { needsAttention: search.attention } };
  const [result, retry] = useQuery({ query: SERVERS, variables });
  const { set } = useAddress<typeof search>(route.useNavigate());
  // Who comes for it, as by the palette, finds it open, and once.
  useEffect(() => {
    if (!search.new) return;
    set({ new: undefined }, { replace: true });
    if (may("SERVERS_WRITE")) open();
  }, [search.new]);
  const register = may("SERVERS_WRITE") && <Button onClick={open}>{t("register")}</Button>;

  const columns: Column<Row>[] = [
    { key: "name", title: t("name"), render: (s) => <Anchor component={Link} to={`/servers/${s.id}`} size="sm" fw={500}>{s.name}</Anchor>, text: (s) => s.name },
    { key: "state", title: t("state"), render: (s) => <ServerState server={s} />, text: (s) => (s.maintenance ? "maintenance" : s.reachable ? (s.blocked ? "blocked" : "ok") : "unreachable") },
    { key: "host", title: t("host"), render: (s) => `${s.host}:${s.port}`, text: (s) => `${s.host}:${s.port}` },
    { key: "version", title: t("version"), render: (s) => s.version ?? "–", text: (s) => s.version },
    { key: "databases", title: t("databases"), align: "right", render: (s) => number(s.databaseCount), text: (s) => s.databaseCount },
    { key: "checked", title: t("checked"), render: (s) => <Ago at={s.checkedAt} never={t("never")} />, text: (s) => s.checkedAt },
  ];
  return (
    <Page title={t("servers")} intro={t("intro")} actions={<><Button component={Link} to="/drift" variant="default">{t("drift")}</Button>{register}</>}>
      <Checkbox label={t("troubledOnly")} checked={search.attention ?? false} onChange={({ currentTarget: { checked } }) => set({ attention: checked || undefined })} />
      <QueryView result={result} retry={retry} list={{ search, onSearch: set }} skeleton={<TableSkeleton label={t("loading")} rows={3} columns={6} />}>
        {({ databaseServers }) =>
          databaseServers.nodes.length === 0 && !search.after && !search.before ? (
            <EmptyState text={t(search.attention ? "noneTroubled" : "none")} onClear={search.attention ? () => set({ attention: undefined }) : undefined} action={register} />
          ) : (
            <ResourceTable
              name="servers" label={t("servers")} columns={columns} page={databaseServers} search={search} onSearch={set}
              exportRows={() => allPages(client, SERVERS, variables, (data) => data.databaseServers, exportLimit)}
            />
          )
        }
      </QueryView>
      <Dialog drawer opened={opened} onClose={close} title={t("register")}>
        <ServerForm
          onClose={close}
          onDone={(id) => {
            close();
            void go({ to: `/servers/${id}` });
          }}
        />
      </Dialog>
    </Page>
  );
}
