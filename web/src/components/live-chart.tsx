import { Box, Group, Text, useMantineTheme, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "@/lib/format";
import type { Ring } from "@/lib/ring";

export interface Series {
  label: string;
  /** A colour of the theme. */
  color: string;
}

/**
 * A chart that is drawn from a ring of points without React: `draw` is put into
 * `register`, and called by who has got a new point. All that are called at once are drawn
 * in one frame, and what is out of sight when it comes into it.
 */
export function LiveChart(p: {
  title: string;
  series: Series[];
  ring: Ring;
  /** How much of the past is shown, in seconds. */
  window: number;
  /** The largest value of the axis; that of the data when it is left out. */
  max?: number;
  format: (value: number) => string;
  height?: number;
  /** The axis goes at least up to it, so that next to nothing does not look like much. */
  least?: number;
  /** Charts with the same key have one cursor. */
  sync: string;
  register: (draw: () => void) => () => void;
}) {
  const { colors } = useMantineTheme();
  const place = useRef<HTMLDivElement>(null);
  const newest = useRef<HTMLParagraphElement>(null);
  const { title, series, ring, window: span, max, format, height = 140, least = 1, sync, register } = p;
  const names = series.map(({ label }) => label).join("|");

  useEffect(() => {
    const box = place.current!;
    const width = () => Math.max(box.clientWidth, 100);
    let ink = getComputedStyle(box).color;
    const plot = new uPlot(
      {
        width: width(), height, cursor: { sync: { key: sync }, y: false, drag: { x: false, y: false } }, legend: { show: false }, padding: [8, 28, 0, 0], // room for half of the last time
        scales: { x: { time: true }, y: { range: (_, __, top) => [0, max ?? Math.max(least, top * 1.1)] } },
        axes: [
          { stroke: () => ink, grid: { show: false }, ticks: { show: false }, size: 24, font: "11px system-ui", space: 70, values: (_, ticks) => ticks.map((tick) => clock(tick, span >= 3_600)) },
          { stroke: () => ink, grid: { stroke: "rgba(128,128,128,.18)", width: 1 }, ticks: { show: false }, size: 62, font: "11px system-ui", values: (_, ticks) => ticks.map(format), splits: max === undefined ? undefined : () => [0, max / 2, max] },
        ],
        series: [{}, ...series.map(({ label, color }) => ({ label, stroke: colors[color]![6], width: 1.5, fill: `${colors[color]![6]}1f`, points: { show: false } }))],
      },
      [[]],
      box,
    );
    let inSight = false;
    let frame = 0;
    /** The newest point when it was last to be drawn: one that comes while the page is paused is not. */
    let until = ring.last;
    const draw = () => {
      cancelAnimationFrame(frame);
      frame = 0;
      ink = getComputedStyle(box).color;
      const now = Math.max(until, Date.now() / 1000 - 15);
      const data = ring.since(now - span, until);
      plot.setData(data as uPlot.AlignedData, false);
      plot.setScale("x", { min: now - span, max: now });
      const values = data.slice(1).map((column) => column.at(-1));
      if (newest.current) newest.current.textContent = series.map(({ label }, i) => `${label} ${typeof values[i] === "number" ? format(values[i]) : "–"}`).join(", ");
    };
    const sized = new ResizeObserver(() => width() !== plot.width && plot.setSize({ width: width(), height }));
    sized.observe(box);
    // It is told at once where the chart is.
    const seen = new IntersectionObserver((changes) => {
      inSight = changes.at(-1)!.isIntersecting;
      if (inSight) draw();
    });
    seen.observe(box);
    const end = register(() => {
      until = ring.last;
      if (inSight && frame === 0) frame = requestAnimationFrame(draw);
    });
    return () => {
      end();
      cancelAnimationFrame(frame);
      sized.disconnect();
      seen.disconnect();
      plot.destroy();
    };
    // The series are known by their names: a page writes them anew each time.
  }, [ring, span, max, least, format, height, sync, register, names, colors]);

  return (
    <Box component="figure" m={0}>
      <Group justify="space-between" component="figcaption" gap="xs">
        <Text size="sm" fw={500}>{title}</Text>
        <Text size="xs" c="dimmed" span ref={newest} style={{ fontVariantNumeric: "tabular-nums" }} />
      </Group>
      <Box ref={place} h={height} c="dimmed" aria-hidden />
      <VisuallyHidden>{series.map(({ label }) => label).join(", ")}</VisuallyHidden>
    </Box>
  );
}
