import { ActionIcon, Alert, Button, Checkbox, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconDatabaseImport, IconDownload, IconTrash, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { OrderDialog } from "@/components/order-dialog";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { DatabaseDumpsQuery } from "@/gql/generated/graphql";
import { bytes } from "@/lib/format";
import { type ListSearch, pageOf } from "@/lib/list-search";
import type { Database } from "./detail";
import { DownloadLink, ExportFlow } from "./export";
import { DELETE_DUMP, IMPORT } from "./operations";
import { useTexts } from "./texts-dumps";
import { UploadForm } from "./upload";

const DUMPS = graphql(`
  query DatabaseDumps($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    database(id: $id) {
      id
      dumps(first: $first, after: $after, last: $last, before: $before) {
        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }
  }
`);

type Dump = NonNullable<NonNullable<DatabaseDumpsQuery["database"]>["dumps"]>["nodes"][number];
type Asked = "export" | "upload" | "download" | "import" | "delete" | null;

const none = { nodes: [], pageInfo: { hasNextPage: false } };

/** The dumps of a database: exported and fetched, sent and loaded. */
export function DumpsTab({ database, writes, search, onSearch }: { database: Database; writes: boolean; search: ListSearch; onSearch: (patch: ListSearch) => void }) {
  const t = useTexts();
  const client = useClient();
  const variables = { id: database.id, ...pageOf(search, 25) };
  const [result, retry] = useQuery({ query: DUMPS, variables });
  const [asked, setAsked] = useState<Asked>(null);
  const [dump, setDump] = useState<Pick<Dump, "id"> | null>(null);
  const close = () => setAsked(null);
  const ask = (what: Asked, about: Dump) => () => {
    setDump(about);
    setAsked(what);
  };
  const usable = database.state === "ACTIVE" || database.state === "DEGRADED";
  const actions = writes && (
    <Group gap="xs" justify="flex-end">
      {!usable && <Text size="sm" c="dimmed">{t("notUsable")}</Text>}
      <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} disabled={!usable} onClick={() => setAsked("upload")}>{t("uploadDump")}</Button>
      <Button leftSection={<IconDownload size={16} aria-hidden />} disabled={!usable} onClick={() => setAsked("export")}>{t("export")}</Button>
    </Group>
  );
  const columns: Column<Dump>[] = [
    { key: "created", title: t("created"), render: (d) => <Ago at={d.createdAt} />, text: (d) => d.createdAt },
    { key: "origin", title: t("origin"), render: (d) => t(`origin_${d.origin}`), text: (d) => d.origin },
    { key: "state", title: t("state"), render: (d) => <StateBadge state={d.state} />, text: (d) => d.state },
    { key: "format", title: t("format"), render: (d) => (d.format ? t(`format_${d.format}`) : "–"), text: (d) => d.format },
    { key: "size", title: t("size"), align: "right", render: (d) => bytes(d.sizeBytes), text: (d) => d.sizeBytes },
    { key: "raw", title: t("raw"), align: "right", render: (d) => bytes(d.rawBytes), text: (d) => d.rawBytes, optional: true },
    { key: "sha256", title: "SHA-256", render: (d) => d.sha256 ?? "–", text: (d) => d.sha256, optional: true },
    { key: "expires", title: t("expires"), render: (d) => <Ago at={d.expiresAt} />, text: (d) => d.expiresAt },
    ...(writes
      ? [{
          key: "do", title: t("actions"), align: "right" as const,
          render: (d: Dump) => (
            <Group gap={2} wrap="nowrap" justify="flex-end">
              <Act label={t("fetch")} disabled={d.state !== "READY"} onClick={ask("download", d)}><IconDownload size={16} aria-hidden /></Act>
              <Act label={t("import")} disabled={d.state !== "READY" || !usable} onClick={ask("import", d)}><IconDatabaseImport size={16} aria-hidden /></Act>
              <Act label={t("remove")} red onClick={ask("delete", d)}><IconTrash size={16} aria-hidden /></Act>
            </Group>
          ),
        }]
      : []),
  ];
  return (
    <>
      <QueryView result={result} retry={retry} list={{ search, onSearch }} skeleton={<TableSkeleton label={t("loading")} rows={3} columns={6} />}>
        {({ database: read }) => {
          const dumps = read?.dumps;
          return !dumps || (dumps.nodes.length === 0 && !search.after && !search.before) ? (
            <EmptyState text={t("none")} action={actions} />
          ) : (
            <Stack gap="xs">
              {actions}
              <ResourceTable
                name="database-dumps" label={t("dumps")} columns={columns} page={dumps} search={search} onSearch={onSearch}
                exportRows={() => allPages(client, DUMPS, variables, (data) => data.database?.dumps ?? none, exportLimit)}
              />
            </Stack>
          );
        }}
      </QueryView>
      <Dialog size="lg" opened={asked === "export"} onClose={close} title={t("exportTitle", { name: database.name })}><ExportFlow databaseId={database.id} onCancel={close} /></Dialog>
      <Dialog size="lg" opened={asked === "upload"} onClose={close} title={t("uploadDump")}>
        <UploadForm
          databaseId={database.id} onCancel={close}
          onDone={(id) => {
            setDump({ id });
            setAsked("import");
          }}
        />
      </Dialog>
      <Dialog size="lg" opened={asked === "download"} onClose={close} title={t("fetch")}>
        <Stack gap="md"><Text size="sm">{t("linkText")}</Text>{dump && <DownloadLink dumpId={dump.id} />}</Stack>
      </Dialog>
      <OrderDialog opened={asked === "import"} onClose={close} title={t("importTitle", { name: database.name })}>
        {(onOrdered) => dump && <ImportForm database={database} dumpId={dump.id} onCancel={close} onOrdered={onOrdered} />}
      </OrderDialog>
      <ConfirmAction opened={asked === "delete"} onClose={close} title={t("remove")} document={DELETE_DUMP} variables={{ input: { id: dump?.id ?? "" } }} submit={t("remove")} done={t("removed")}>
        {t("removeText")}
      </ConfirmAction>
    </>
  );
}

function Act(p: { label: string; red?: boolean; disabled?: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <Tooltip label={p.label}>
      <ActionIcon variant="subtle" color={p.red ? "red" : "gray"} aria-label={p.label} disabled={p.disabled} onClick={p.onClick}>{p.children}</ActionIcon>
    </Tooltip>
  );
}

function ImportForm(p: { database: Database; dumpId: string; onCancel: () => void; onOrdered: (ordered: { job?: { id: string } | null }) => void }) {
  const t = useTexts();
  const [replace, setReplace] = useState(false);
  return (
    <ActionForm
      document={IMPORT} variables={{ input: { id: p.database.id, dumpId: p.dumpId, replace } }} fields={["dumpId"]} submit={t("import")} danger={replace} typed={replace ? p.database.name : undefined}
      done={t("importing")} preview onCancel={p.onCancel} onDone={({ importDatabase: { job } }) => p.onOrdered({ job })}
    >
      {(error) => (
        <Stack gap="sm">
          <Text size="sm">{t("importText")}</Text>
          <Checkbox label={t("replace")} checked={replace} onChange={({ currentTarget: { checked } }) => setReplace(checked)} />
          {replace && <Alert color="red" role="alert">{t("replaceWarning", { name: p.database.name })}</Alert>}
          {error("dumpId") && <Text size="sm" c="var(--mantine-color-error)" role="alert">{error("dumpId")}</Text>}
        </Stack>
      )}
    </ActionForm>
  );
}
