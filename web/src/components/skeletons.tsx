import { Box, Group, Paper, SimpleGrid, Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";

/** The height of a row of a table in pixels, the same while it is loaded. */
export const rowHeight = 45;

/** The height of a table's head in pixels, also of one without a check box. */
export const headHeight = 41;

/** The height in pixels of what stands above a table: how many rows there are, and what can be done with them. */
export const toolsHeight = 36;

/** All bars in one animation: with one each, the browser makes a layer of each, and the page waits for them. What is `around` them stands still. */
function Loading(p: { label: string; around?: (bars: ReactNode) => ReactNode; children: ReactNode }) {
  const bars = <div className="mpanel-pulse">{p.children}</div>;
  return (
    <Box role="status" aria-busy="true" w="100%">
      <VisuallyHidden>{p.label}</VisuallyHidden>
      <Box aria-hidden>{p.around ? p.around(bars) : bars}</Box>
    </Box>
  );
}

const Bar = Skeleton.withProps({ animate: false, radius: "md" });

/** A table that is being loaded, below the place of its tools; a bare one has none. */
export function TableSkeleton(p: { label: string; rows?: number; columns?: number; bare?: boolean }) {
  return (
    <Loading label={p.label} around={(bars) => <>{!p.bare && <Box h={toolsHeight} mb="xs" data-tools />}<Paper withBorder data-rows>{bars}</Paper></>}>
      {Array.from({ length: (p.rows ?? 8) + 1 }, (_, row) => (
        <Group key={row} h={row ? rowHeight : headHeight} px="md" wrap="nowrap" gap="xl" style={{ borderTop: row ? "1px solid var(--mantine-color-default-border)" : undefined }}>
          {Array.from({ length: p.columns ?? 4 }, (_, column) => <Bar key={column} h={row ? 12 : 10} w={`${column ? 60 : 90}%`} radius="sm" />)}
        </Group>
      ))}
    </Loading>
  );
}

/** Cards that are being loaded. */
export function CardsSkeleton(p: { label: string; cards?: number; height?: number }) {
  return (
    <Loading label={p.label}>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {Array.from({ length: p.cards ?? 3 }, (_, card) => <Bar key={card} h={p.height ?? 140} />)}
      </SimpleGrid>
    </Loading>
  );
}

/** A part of a page that is being loaded, of its height in pixels. */
export function PartSkeleton(p: { label: string; height: number }) {
  return <Loading label={p.label}><Bar h={p.height} /></Loading>;
}

/** A page that is being loaded: its title, and what stands below; `head` is for that of the app, which is not there before the first page. */
export function PageSkeleton(p: { label: string; head?: boolean }) {
  return (
    <Loading label={p.label}>
      <Stack gap="lg">
        {p.head && <Bar h={40} radius="sm" />}
        <Bar h={32} w="min(16rem, 60%)" radius="sm" />
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Bar h={220} />
          <Bar h={220} />
        </SimpleGrid>
      </Stack>
    </Loading>
  );
}
