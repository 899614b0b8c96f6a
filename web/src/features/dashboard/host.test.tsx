import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { show } from "@/testing/render";
import { comes, streamOf, streams } from "@/testing/streams";
import { HostCharts } from "./host";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);

// What the panel has of before, newest answer last; null fails.
const history: ([number, number][] | null)[] = [];
const asked: { from: string; to: string; points: number }[] = [];
vi.mock("@/gql/uncached", () => ({
  readUncached: async (_: unknown, variables: (typeof asked)[number]) => {
    asked.push(variables);
    const points = history.length > 1 ? history.shift()! : (history[0] ?? []);
    if (history[0] === null) throw new Error("away");
    return { server: { metrics: points.map(([second, cpuPercent]) => ({ ...metrics(second).serverMetrics, cpuPercent })) } };
  },
}));

// jsdom draws nothing: what each chart is given is kept, by the labels of its series.
interface Drawn {
  labels: string[];
  data: (number | null)[][];
  scale?: { min: number; max: number };
  options: { axes: { values: (self: unknown, ticks: number[]) => string[]; splits?: () => number[] }[]; scales: { y: { range: (self: unknown, low: number, top: number) => number[] } } };
  destroyed: boolean;
}
const charts: Drawn[] = [];
let draws = 0;
vi.mock("uplot", () => ({
  default: class {
    private readonly drawn: Drawn;
    constructor(options: Drawn["options"] & { series: { label?: string }[] }) {
      this.drawn = { labels: options.series.slice(1).map(({ label }) => label ?? ""), data: [], options, destroyed: false };
      charts.push(this.drawn);
    }
    setData(data: (number | null)[][]) {
      draws++;
      this.drawn.data = data;
    }
    setScale(_: string, scale: { min: number; max: number }) {
      this.drawn.scale = scale;
    }
    setSize() {}
    destroy() {
      this.drawn.destroyed = true;
    }
  },
}));

const start = Date.parse("2026-11-26T10:00:00Z");
beforeEach(() => {
  streams.splice(0);
  charts.splice(0);
  history.splice(0);
  asked.splice(0);
  draws = 0;
  vi.useFakeTimers({ shouldAdvanceTime: true, now: start });
});
afterEach(() => void vi.useRealTimers());

const chart = (label: string) => charts.findLast(({ labels }) => labels[0] === label)!;
const metrics = (second: number, patch: object = {}) => ({
  serverMetrics: {
    at: new Date(start + second * 1000).toISOString(), cpuPercent: 12.4, load1: 0.5, load5: 1.25, load15: 2, memoryUsedBytes: "1073741824", memoryTotalBytes: "4294967296", uptimeSeconds: "7260",
    disks: [{ mount: "/", usedBytes: "95", totalBytes: "100", readBytesPerSecond: 1024, writeBytesPerSecond: 512, stale: false }, { mount: "/tmp", usedBytes: "0", totalBytes: "0", readBytesPerSecond: 0, writeBytesPerSecond: 0, stale: false }, { mount: "/var", usedBytes: "75", totalBytes: "100", readBytesPerSecond: 1024, writeBytesPerSecond: 512, stale: false }],
    networks: [{ name: "a", receivedBytesPerSecond: 1024, sentBytesPerSecond: 10 }, { name: "b", receivedBytesPerSecond: 1024, sentBytesPerSecond: 20 }], ...patch,
  },
});
/** A second's figures come, and are drawn. */
const second = (at: number) => {
  comes("HostMetrics", metrics(at));
  act(() => void vi.advanceTimersToNextFrame());
};
const open = async () => {
  const shown = show(<HostCharts server={{ id: "srv_1", name: "panel-1", osName: "Debian 13" }} />);
  await screen.findByRole("heading", { name: "This server: panel-1" });
  return { ...shown, user: userEvent.setup({ advanceTimers: vi.advanceTimersByTime }) };
};

it("U35: draws each second what the host does, all networks and all disks together", async () => {
  await open();
  expect(streamOf("HostMetrics").variables).toEqual({ id: "srv_1" });
  comes("HostMetrics", metrics(0));
  comes("HostMetrics", metrics(1, { cpuPercent: 99 }));
  act(() => void vi.advanceTimersToNextFrame());
  expect(chart("Processor").data).toEqual([[start / 1000, start / 1000 + 1], [12.4, 99]]);
  expect(chart("In").data.slice(1)).toEqual([[2048, 2048], [30, 30]]);
  expect(chart("Read").data.slice(1)).toEqual([[2048, 2048], [1024, 1024]]);
  expect(screen.getByText("Read 2 KiB/s, Written 1 KiB/s")).toBeVisible();
  expect(screen.getByText("Processor 99%")).toBeVisible();
  expect(screen.getByText("In 2 KiB/s, Out 30 B/s")).toBeVisible();
  expect(screen.getByText("Memory 1 GiB")).toBeVisible();
});

it("says load, uptime and how full each disk is", async () => {
  await open();
  await act(() => vi.advanceTimersByTimeAsync(6_000));
  comes("HostMetrics", metrics(6));
  expect(await screen.findByText("Debian 13 · Load 0.5 · 1.25 · 2 · Up for 2 h 1 min")).toBeVisible();
  expect(screen.getByRole("progressbar", { name: "/: 95 B of 100 B" })).toHaveAttribute("aria-valuenow", "95");
  expect(screen.getByRole("progressbar", { name: "/tmp: 0 B of 0 B" })).toHaveAttribute("aria-valuenow", "0");
});

it("U35: says of a disk that hangs that it does, in words and in another colour", async () => {
  await open();
  await act(() => vi.advanceTimersByTimeAsync(6_000));
  const disk = (mount: string, stale: boolean) => ({ mount, usedBytes: "95", totalBytes: "100", readBytesPerSecond: 0, writeBytesPerSecond: 0, stale });
  comes("HostMetrics", metrics(6, { disks: [disk("/", false), disk("/mnt", true)] }));
  const words = "/mnt: 95 B of 100 B · does not answer, as it was last";
  expect(await screen.findByRole("progressbar", { name: words })).toBeInTheDocument();
  expect(screen.getByRole("progressbar", { name: "/: 95 B of 100 B" })).toBeInTheDocument();
  const color = (name: string) => screen.getByText(name).style.color;
  expect(color(words)).not.toBe(color("/: 95 B of 100 B"));
});

it("U35: shows the last minutes or the last hour", async () => {
  const { user } = await open();
  second(0);
  const span = () => Math.round(chart("Processor").scale!.max - chart("Processor").scale!.min);
  const times = () => (charts.findLast(({ labels }) => labels[0] === "Processor")!.options.axes[0] as { values: (self: unknown, ticks: number[]) => string[] }).values(null, [start / 1000]);
  expect(times()[0]).toMatch(/:00:00/);
  expect(span()).toBe(120);
  await user.click(screen.getByRole("radio", { name: "1 h" }));
  await waitFor(() => expect(span()).toBe(3600));
  expect(times()[0]).not.toMatch(/:00:00/);
  expect(chart("Processor").data[1]).toEqual([12.4]); // what was there is drawn anew
  expect(charts.filter(({ labels }) => labels[0] === "Processor").map(({ destroyed }) => destroyed)).toEqual([true, false]);
});

it("U35: the hour begins before the page, by the minutes that the panel has", async () => {
  const { user } = await open();
  second(0);
  expect(asked).toEqual([]); // two minutes need none
  history.push([[-180, 7], [-120, 8], [-60, 9], [60, 10]]);
  await user.click(screen.getByRole("radio", { name: "1 h" }));
  await waitFor(() => expect(chart("Processor").data).toEqual([[-180, -120, -60, 0].map((s) => start / 1000 + s), [7, 8, 9, 12.4]]));
  expect(asked).toMatchObject([{ points: 60 }]);
  expect(Date.parse(asked[0]!.to) - Date.parse(asked[0]!.from)).toBe(3_600_000);
  second(1);
  expect(chart("Processor").data[1]).toEqual([7, 8, 9, 12.4, 12.4]);
});

it("U35: the day is the panel's alone, with its gaps, and read anew each minute", async () => {
  const { user } = await open();
  second(0);
  history.push([[-3_600, 5], [-3_300, 6], [-600, 7]], [[-300, 8]]);
  await user.click(screen.getByRole("radio", { name: "24 h" }));
  await waitFor(() => expect(chart("Read").data.slice(1)).toEqual([[2048, 2048, null, 2048], [1024, 1024, null, 1024]]));
  await waitFor(() => expect(chart("Processor").data).toEqual([[-3_600, -3_300, -1_950, -600].map((s) => start / 1000 + s), [5, 6, null, 7]]));
  expect(asked).toMatchObject([{ points: 288 }]);
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  await waitFor(() => expect(chart("Processor").data).toEqual([[start / 1000 - 300], [8]]));
});

it("says that what was before could not be read, and tries again", async () => {
  const { user } = await open();
  history.push(null);
  await user.click(screen.getByRole("radio", { name: "1 h" }));
  expect(await screen.findByText("What was before could not be read; it is tried again in a minute.")).toBeVisible();
  history.splice(0, 1, [[-60, 9]]);
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  await waitFor(() => expect(screen.queryByText(/could not be read/)).not.toBeInTheDocument());
  await waitFor(() => expect(chart("Processor").data[1]).toEqual([9]));
});

it("U35: says of no other window that it could not be read", async () => {
  const { user } = await open();
  history.push(null);
  for (const window of ["1 h", "24 h"]) {
    await user.click(screen.getByRole("radio", { name: window }));
    expect(await screen.findByText(/could not be read/)).toBeVisible();
    await user.click(screen.getByRole("radio", { name: "2 min" }));
    await waitFor(() => expect(screen.queryByText(/could not be read/)).not.toBeInTheDocument());
  }
  expect(asked).toHaveLength(2);
  await act(() => vi.advanceTimersByTimeAsync(120_000));
  expect(asked).toHaveLength(2); // nothing is to be read for two minutes
});

it("U35: draws nothing while it is paused, and keeps what comes", async () => {
  const { user } = await open();
  second(0);
  await user.click(screen.getByRole("button", { name: "Pause" }));
  second(1);
  expect(chart("Processor").data[1]).toHaveLength(1);
  await user.click(screen.getByRole("button", { name: "Go on" }));
  second(2);
  expect(chart("Processor").data[1]).toHaveLength(3);
});

it("draws what comes at once in one frame, and nothing when nothing has come", async () => {
  await open();
  second(0);
  draws = 0;
  for (let at = 1; at <= 5; at++) comes("HostMetrics", metrics(at));
  expect(draws).toBe(0);
  act(() => void vi.advanceTimersToNextFrame());
  expect(draws).toBe(4);
  act(() => void vi.advanceTimersToNextFrame());
  expect(draws).toBe(4);
});

describe("a chart that is out of sight", () => {
  const places: ((inSight: boolean) => void)[] = [];
  const cpu = (inSight: boolean) => act(() => places[0]!(inSight));
  beforeEach(() => {
    places.splice(0);
    vi.stubGlobal("IntersectionObserver", class {
      constructor(told: IntersectionObserverCallback) {
        places.push((isIntersecting) => told([{ isIntersecting } as IntersectionObserverEntry], this as unknown as IntersectionObserver));
      }
      observe() {}
      disconnect() {}
    });
  });
  afterEach(() => void vi.unstubAllGlobals());

  it("is not drawn, and is drawn at once with all that came when it comes into sight", async () => {
    await open();
    for (let at = 0; at < 3; at++) second(at);
    expect(draws).toBe(0);
    expect(screen.queryByText("Processor 12.4%")).not.toBeInTheDocument();
    cpu(true);
    expect(draws).toBe(1); // no frame later, and no other chart
    expect(chart("Processor").data[1]).toEqual([12.4, 12.4, 12.4]);
    second(3);
    expect(draws).toBe(2);
    cpu(false);
    second(4);
    expect(draws).toBe(2);
    expect(chart("Processor").data[1]).toHaveLength(4);
  });

  it("has nothing of what came while it was paused", async () => {
    const { user } = await open();
    second(0);
    await user.click(screen.getByRole("button", { name: "Pause" }));
    second(1);
    cpu(true);
    expect(chart("Processor").data[1]).toHaveLength(1);
  });
});

it("U35: says after ten seconds that nothing comes, and when it was seen last", async () => {
  await open();
  comes("HostMetrics", metrics(0));
  await act(() => vi.advanceTimersByTimeAsync(9_000));
  expect(screen.queryByText(/Nothing has come for a while/)).not.toBeInTheDocument();
  await act(() => vi.advanceTimersByTimeAsync(3_000));
  expect(await screen.findByText(/Nothing has come for a while; last seen 1[0-9] seconds ago/)).toBeVisible();
  comes("HostMetrics", metrics(13));
  await act(() => vi.advanceTimersByTimeAsync(1_100));
  await waitFor(() => expect(screen.queryByText(/Nothing has come for a while/)).not.toBeInTheDocument());
});

it("its axes have the units of what they show, and a line that is next to nothing does not look like much", async () => {
  await open();
  const axis = (label: string) => chart(label).options.axes[1]!;
  expect(axis("Processor").values(null, [0, 50, 100])).toEqual(["0%", "50%", "100%"]);
  expect(axis("Processor").splits!()).toEqual([0, 50, 100]);
  expect(axis("In").values(null, [2048])).toEqual(["2 KiB/s"]);
  expect(chart("In").options.scales.y.range(null, 0, 1)).toEqual([0, 10_240]);
  expect(chart("In").options.scales.y.range(null, 0, 100_000)[1]).toBeCloseTo(110_000);
  expect(chart("Processor").options.scales.y.range(null, 0, 3)).toEqual([0, 100]);
});

it("listens to nothing and draws nothing once it is left", async () => {
  const { unmount } = await open();
  unmount();
  expect(streams).toHaveLength(0);
  expect(charts.every(({ destroyed }) => destroyed)).toBe(true);
});
