import { Checkbox, Loader, Paper } from "@mantine/core";
import { IconArrowDown, IconArrowsVertical, IconArrowUp } from "@tabler/icons-react";
import { memo, type ReactNode, useCallback, useMemo, useRef } from "react";
import type { ListSearch } from "@/lib/list-search";
import { texts } from "@/lib/text";
import { headHeight, rowHeight } from "./skeletons";

const useTexts = texts("resource-rows", {
  en: { select: "Select {{name}}", selectAll: "Select all" },
  de: { select: "{{name}} auswählen", selectAll: "Alle auswählen" },
});

export interface Column<Row> {
  key: string;
  title: string;
  render: (row: Row) => ReactNode;
  /** The cell's text in an export; without it the column is not exported. */
  text?: (row: Row) => string | number | null | undefined;
  /** The name of the order that a click on the head asks for. */
  sort?: string;
  align?: "left" | "right";
  width?: number | string;
  /** For what is no column of single words on a narrow page. */
  minWidth?: number;
  /** Hidden until it is chosen. */
  optional?: boolean;
}

type Choose<Row> = (change: (old: Row[]) => Row[]) => void;

/**
 * The rows of a list, and the heads that order it. Cells are plain elements, and a row is
 * drawn anew only when it or the columns are others: a page of rows at once is felt.
 */
export function ResourceRows<Row extends { id: string }>(p: {
  label: string;
  columns: Column<Row>[];
  nodes: readonly Row[];
  search: ListSearch;
  onSearch: (patch: ListSearch) => void;
  fetching: boolean;
  /** Whether others are asked for, so that these cannot be selected. */
  locked: boolean;
  /** What is selected, and how to change it; without it no row can be. */
  selection?: { rows: readonly Row[]; choose: Choose<Row> };
}) {
  const t = useTexts();
  const { nodes, columns, search } = p;
  const chosen = useMemo(() => new Set(p.selection?.rows.map(({ id }) => id)), [p.selection?.rows]);
  const select = useSelect(nodes, p.selection?.choose);
  const here = nodes.filter(({ id }) => chosen.has(id)).length;
  const all = nodes.length > 0 && here === nodes.length;
  return (
    <Paper withBorder component="section" aria-label={p.label} aria-busy={p.fetching} className="mpanel-rows">
      <div tabIndex={0}>{/* a table that is wider than the page is scrolled by keyboard, too */}
        <table>
          <thead>
            <tr style={{ height: headHeight }}>
              {p.selection && (
                <th scope="col" data-selects>
                  <Checkbox
                    size="xs" aria-label={t("selectAll")} disabled={p.locked} checked={all} indeterminate={here > 0 && !all}
                    onChange={() => p.selection?.choose((old) => [...old.filter(({ id }) => !nodes.some((row) => row.id === id)), ...(all ? [] : nodes)])}
                  />
                </th>
              )}
              {columns.map((c) => <Head key={c.key} column={c} search={search} onSearch={p.onSearch} />)}
            </tr>
          </thead>
          <tbody>
            {nodes.map((row) => <Line key={row.id} row={row} columns={columns} selected={p.selection && chosen.has(row.id)} locked={p.locked && p.selection !== undefined} select={select} />)}
          </tbody>
        </table>
      </div>
      {p.fetching && <Loader aria-hidden className="mpanel-late" />}
    </Paper>
  );
}

function Head<Row>({ column: c, search, onSearch }: { column: Column<Row>; search: ListSearch; onSearch: (patch: ListSearch) => void }) {
  if (c.sort === undefined) return <th scope="col" data-align={c.align} style={{ width: c.width, minWidth: c.minWidth }}>{c.title}</th>;
  const sorted = c.sort === search.sort;
  const Way = !sorted ? IconArrowsVertical : search.desc ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" data-align={c.align} style={{ width: c.width, minWidth: c.minWidth }} aria-sort={!sorted ? "none" : search.desc ? "descending" : "ascending"}>
      <button type="button" onClick={() => onSearch({ sort: c.sort, desc: (sorted && !search.desc) || undefined, after: undefined, before: undefined })}>
        {c.title}<Way size={16} aria-hidden />
      </button>
    </th>
  );
}

/** Selects a row or takes it back, with the shift key all from the one before to it. */
function useSelect<Row extends { id: string }>(nodes: readonly Row[], choose: Choose<Row> | undefined) {
  const shown = useRef(nodes);
  shown.current = nodes;
  const before = useRef<string>(undefined);
  return useCallback((row: Row, on: boolean, range: boolean) => {
    const place = (wanted: string | undefined) => shown.current.findIndex(({ id }) => id === wanted);
    const at = place(row.id);
    const from = range && place(before.current) >= 0 ? place(before.current) : at;
    before.current = row.id;
    const these = shown.current.slice(Math.min(from, at), Math.max(from, at) + 1);
    choose?.((old) => [...old.filter(({ id }) => !these.some((one) => one.id === id)), ...(on ? these : [])]);
  }, [choose]);
}

interface LineProps<Row> {
  row: Row;
  columns: Column<Row>[];
  /** Undefined when no row can be selected. */
  selected: boolean | undefined;
  /** Whether the selection cannot be changed now. */
  locked: boolean;
  select: (row: Row, on: boolean, range: boolean) => void;
}

const Line = memo(function Line<Row extends { id: string }>({ row, columns, selected, locked, select }: LineProps<Row>) {
  const t = useTexts();
  return (
    <tr style={{ height: rowHeight }} data-selected={selected || undefined}>
      {selected !== undefined && (
        <td data-selects>
          <Checkbox
            size="xs" aria-label={t("select", { name: columns[0]?.text?.(row) ?? row.id })} disabled={locked} checked={selected}
            onChange={({ currentTarget: { checked }, nativeEvent }) => select(row, checked, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
          />
        </td>
      )}
      {columns.map((c) => <td key={c.key} data-align={c.align}>{c.render(row)}</td>)}
    </tr>
  );
}) as <Row extends { id: string }>(p: LineProps<Row>) => ReactNode;
