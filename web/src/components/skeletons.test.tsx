import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { show } from "@/testing/render";
import { CardsSkeleton, headHeight, PageSkeleton, rowHeight, TableSkeleton } from "./skeletons";

const kinds = [
  ["a table", <TableSkeleton key="t" label="Loading databases" />],
  ["cards", <CardsSkeleton key="c" label="Loading databases" />],
  ["a page", <PageSkeleton key="p" label="Loading databases" />],
] as const;

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
    expect(status.querySelectorAll("[aria-hidden=true] .mantine-Skeleton-root").length).toBeGreaterThan(0);
    for (const hidden of status.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    expect(status).toHaveTextContent(/^Loading databases$/);
  });
});

describe("sizes", () => {
  it("U2: rows are as high as those of the table", async () => {
    show(<TableSkeleton label="x" rows={3} columns={2} />);
    const rows = (await screen.findByRole("status")).querySelectorAll<HTMLElement>(".mantine-Group-root");
    expect(rows).toHaveLength(4);
    for (const [i, row] of rows.entries()) expect(row.style.height).toBe(`calc(${(i ? rowHeight : headHeight) / 16}rem * var(--mantine-scale))`);
  });
  it("is one animation and not one for each bar", async () => {
    show(<TableSkeleton label="x" />);
    const status = await screen.findByRole("status");
    expect(status.querySelectorAll("[data-animate]")).toHaveLength(0);
    expect(status.querySelectorAll(".mpanel-pulse")).toHaveLength(1);
  });
  it("has as many columns as were asked for", async () => {
    show(<TableSkeleton label="x" rows={1} columns={5} />);
    expect((await screen.findByRole("status")).querySelectorAll(".mantine-Skeleton-root")).toHaveLength(10);
  });
  it("has as many cards as were asked for", async () => {
    show(<CardsSkeleton label="x" cards={4} height={100} />);
    expect((await screen.findByRole("status")).querySelectorAll(".mantine-Skeleton-root")).toHaveLength(4);
  });
  it("a page has a title and two panels", async () => {
    show(<PageSkeleton label="x" />);
    expect((await screen.findByRole("status")).querySelectorAll(".mantine-Skeleton-root")).toHaveLength(3);
  });
});
