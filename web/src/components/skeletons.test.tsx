import { cleanup, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { ShellSkeleton } from "@/app/shell-skeleton";
import { show } from "@/testing/render";
import { CardsSkeleton, headHeight, PageSkeleton, PartSkeleton, rowHeight, TableSkeleton, toolsHeight } from "./skeletons";

const kinds = [
  ["a table", <TableSkeleton key="t" label="Loading databases" />],
  ["cards", <CardsSkeleton key="c" label="Loading databases" />],
  ["a part", <PartSkeleton key="a" label="Loading databases" height={60} />],
  ["a page", <PageSkeleton key="p" label="Loading databases" />],
  ["a page below the app's head", <PageSkeleton key="h" head label="Loading databases" />],
] as const;
const bars = (within: Element) => [...within.querySelectorAll<HTMLElement>(".mantine-Skeleton-root")];
const high = (px: number) => `calc(${px / 16}rem * var(--mantine-scale))`;

describe.each(kinds)("the skeleton of %s", (_, skeleton) => {
  it("says what is loaded", async () => {
    show(skeleton);
    expect(await screen.findByText("Loading databases")).toBeInTheDocument();
  });
  it("is a status, and busy", async () => {
    show(skeleton);
    expect(await screen.findByRole("status")).toHaveAttribute("aria-busy", "true");
  });
  it("reads out nothing of its shapes", async () => {
    show(skeleton);
    const status = await screen.findByRole("status");
    expect(bars(status).length).toBeGreaterThan(0);
    for (const hidden of status.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    expect(bars(status)).toEqual([]);
    expect(status).toHaveTextContent(/^Loading databases$/);
  });
  it("is one animation and not one for each bar", async () => {
    show(skeleton);
    const status = await screen.findByRole("status");
    expect(status.querySelectorAll("[data-animate]")).toHaveLength(0);
    const pulses = status.querySelectorAll(".mpanel-pulse");
    expect(pulses).toHaveLength(1);
    expect(bars(pulses[0]!)).toEqual(bars(status));
  });
});

describe("sizes", () => {
  it("U2: rows are as high as those of the table", async () => {
    show(<TableSkeleton label="x" rows={3} columns={2} />);
    const rows = (await screen.findByRole("status")).querySelectorAll<HTMLElement>(".mantine-Group-root");
    expect(rows).toHaveLength(4);
    for (const [i, row] of rows.entries()) expect(row.style.height).toBe(high(i ? rowHeight : headHeight));
  });
  it("the border of a table stands still", async () => {
    show(<TableSkeleton label="x" />);
    expect((await screen.findByRole("status")).querySelector("[data-rows]")?.closest(".mpanel-pulse")).toBeNull();
  });
  it("U2: above a table there is the place of its tools, above a bare one none", async () => {
    show(<TableSkeleton label="x" />);
    expect((await screen.findByRole("status")).querySelector<HTMLElement>("[data-tools]")?.style.height).toBe(high(toolsHeight));
    cleanup();
    show(<TableSkeleton bare label="x" />);
    expect((await screen.findByRole("status")).querySelector("[data-tools]")).toBeNull();
  });
  it("has as many columns as were asked for", async () => {
    show(<TableSkeleton label="x" rows={1} columns={5} />);
    expect((await screen.findByRole("status")).querySelectorAll(".mantine-Skeleton-root")).toHaveLength(10);
  });
  it("has as many cards as were asked for", async () => {
    show(<CardsSkeleton label="x" cards={4} height={100} />);
    expect((await screen.findByRole("status")).querySelectorAll(".mantine-Skeleton-root")).toHaveLength(4);
  });
  it("U2: cards are as high as those that come", async () => {
    show(<CardsSkeleton label="x" cards={2} height={300} />);
    expect(bars(await screen.findByRole("status")).map(({ style }) => style.height)).toEqual([high(300), high(300)]);
  });
  it("a page has a title and two panels", async () => {
    show(<PageSkeleton label="x" />);
    expect(bars(await screen.findByRole("status")).map(({ style }) => style.height)).toEqual([32, 220, 220].map(high));
  });
  it("U2: the first page has the place of the app's head, and is the page's content", async () => {
    show(<ShellSkeleton />);
    const status = within(await screen.findByRole("main")).getByRole("status");
    expect(within(status).getByText("Loading the panel")).toBeInTheDocument();
    expect(bars(status).map(({ style }) => style.height)).toEqual([40, 32, 220, 220].map(high));
  });
});
