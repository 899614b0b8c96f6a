import { ActionIcon, Button, Group, Menu, Stack, Text, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight, IconColumns3, IconDownload } from "@tabler/icons-react";
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { csv, save } from "@/lib/csv";
import { number } from "@/lib/format";
import type { ListSearch } from "@/lib/list-search";
import { texts } from "@/lib/text";
import type { Rows } from "@/gql/all-pages";
import { type Column, ResourceRows } from "./resource-rows";
import { toolsHeight } from "./skeletons";
import { toastThrown, toastWarning } from "./toasts";
import { useReading } from "./use-reading";

const useTexts = texts("resource-table", {
  en: {
    previous: "Previous page", next: "Next page", columns: "Choose columns", export: "Export as CSV", exporting: "Exporting", cut: "The first {{count}} rows were exported; there are more.", cutOf: "The first {{count}} of {{total}} rows were exported.",
    total_one: "{{count}} row", total_other: "{{count}} rows", selected_one: "{{count}} selected", selected_other: "{{count}} selected",
  },
  de: {
    previous: "Vorige Seite", next: "Nächste Seite", columns: "Spalten wählen", export: "Als CSV exportieren", exporting: "Wird exportiert", cut: "Die ersten {{count}} Zeilen wurden exportiert; es gibt mehr.", cutOf: "Die ersten {{count}} von {{total}} Zeilen wurden exportiert.",
    total_one: "{{count}} Zeile", total_other: "{{count}} Zeilen", selected_one: "{{count}} ausgewählt", selected_other: "{{count}} ausgewählt",
  },
});

/** Rows of one page, as all connections of the graph have them. */
export interface ListPage<Row> {
  nodes: readonly Row[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor?: string | null; endCursor?: string | null };
  totalCount?: number;
}

export type { Column };

/** At most this many rows are exported; the audit log has an export of its own. */
export const exportLimit = 10_000;

interface TableProps<Row> {
  /** By which the choice of columns is remembered. */
  name: string;
  label: string;
  columns: Column<Row>[];
  page: ListPage<Row>;
  search: ListSearch;
  onSearch: (patch: ListSearch) => void;
  /** Gives all rows with the list's filters, at most exportLimit. */
  exportRows?: () => Promise<Rows<Row>>;
  /** What can be done with the rows that are selected; without it none can be. */
  selection?: (rows: Row[], clear: () => void) => ReactNode;
}

/**
 * A list: its columns, of which people choose, its order and page, which stand in the
 * address, and an export of all rows that it has with its filters.
 */
export function ResourceTable<Row extends { id: string }>(p: TableProps<Row>) {
  const t = useTexts();
  const [hidden, setHidden] = useLocalStorage<string[]>({
    key: `mpanel-columns-${p.name}`,
    defaultValue: p.columns.filter(({ optional }) => optional).map(({ key }) => key),
    getInitialValueInEffect: false,
  });
  const reading = useReading();
  const fetching = reading !== undefined;
  const locked = reading === "other";
  const { sort, desc, after, before, ...filter } = p.search;
  const [selected, setSelected] = useSelected<Row>(JSON.stringify(filter));
  const [exporting, setExporting] = useState(false);
  const shown = useMemo(() => p.columns.filter(({ key }) => !hidden.includes(key)), [p.columns, hidden]);
  const { nodes } = p.page;
  // Rows are made after everything else, and in pieces.
  const drawn = useDeferredValue(useMemo(() => ({ nodes, columns: shown, search: { sort, desc }, fetching, locked }), [nodes, shown, sort, desc, fetching, locked]));
  const { pageInfo, totalCount } = p.page;

  /** Goes to the page beside this one, once this one is of what the address says: its cursors are places in its own list. */
  const turn = (patch: ListSearch) => !locked && p.onSearch(patch);

  async function exportAll() {
    setExporting(true);
    try {
      const { rows, more } = await p.exportRows!();
      const columns = p.columns.filter(({ text }) => text);
      save(`${p.name}.csv`, "text/csv;charset=utf-8", csv(columns.map(({ title }) => title), rows.map((row) => columns.map((c) => c.text!(row)))));
      const known = totalCount !== undefined && totalCount > rows.length;
      if (more) toastWarning(t(known ? "cutOf" : "cut", { count: number(rows.length), total: known ? number(totalCount) : "" }));
    } catch (error) {
      toastThrown(error);
    } finally {
      setExporting(false);
    }
  }

  return (
    <Stack gap="xs">
      <Group justify="space-between" mih={toolsHeight}>
        <Group gap="xs" role="status">
          {totalCount !== undefined && <Text size="sm" c="dimmed">{t("total", { count: totalCount }).replace(String(totalCount), number(totalCount))}</Text>}
          {p.selection && selected.length > 0 && <Text size="sm" fw={500}>{t("selected", { count: selected.length })}</Text>}
        </Group>
        <Group gap="xs">
          {p.selection && selected.length > 0 && p.selection(selected, () => setSelected([]))}
          {p.exportRows && (
            <Tooltip label={t("export")}>
              <ActionIcon variant="default" size="lg" aria-label={exporting ? t("exporting") : t("export")} loading={exporting} onClick={exportAll}><IconDownload size={18} aria-hidden /></ActionIcon>
            </Tooltip>
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size="lg" aria-label={t("columns")}><IconColumns3 size={18} aria-hidden /></ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {p.columns.slice(1).map(({ key, title }) => (
                <Menu.CheckboxItem key={key} checked={!hidden.includes(key)} onChange={(checked) => setHidden(checked ? hidden.filter((k) => k !== key) : [...hidden, key])}>{title}</Menu.CheckboxItem>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <ResourceRows {...drawn} fetching={fetching || drawn.fetching} label={p.label} onSearch={p.onSearch} selection={p.selection && { rows: selected, choose: setSelected }} />
      {(pageInfo.hasNextPage || pageInfo.hasPreviousPage) && (
        <Group justify="flex-end" gap="xs">
          <Button variant="default" size="xs" leftSection={<IconChevronLeft size={16} aria-hidden />} disabled={!pageInfo.hasPreviousPage}
            onClick={() => turn({ before: pageInfo.startCursor ?? undefined, after: undefined })}>{t("previous")}</Button>
          <Button variant="default" size="xs" rightSection={<IconChevronRight size={16} aria-hidden />} disabled={!pageInfo.hasNextPage}
            onClick={() => turn({ after: pageInfo.endCursor ?? undefined, before: undefined })}>{t("next")}</Button>
        </Group>
      )}
    </Stack>
  );
}

/** The rows that are selected, over all pages, of what one filter leaves: under another they would stand for what nobody asked for. */
function useSelected<Row>(filter: string) {
  const [of, setOf] = useState(filter);
  const [selected, setSelected] = useState<Row[]>([]);
  if (of !== filter) {
    setOf(filter);
    setSelected([]);
  }
  return [selected, setSelected] as const;
}
