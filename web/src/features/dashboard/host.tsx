import { Alert, Button, Group, Paper, Progress, SegmentedControl, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { LiveChart } from "@/components/live-chart";
import { graphql } from "@/gql/document";
import type { HostMetricsSubscription } from "@/gql/generated/graphql";
import { listen } from "@/gql/socket";
import { readUncached } from "@/gql/uncached";
import { bytes, duration, number, percent, relative } from "@/lib/format";
import { Ring } from "@/lib/ring";
import { useTexts } from "./texts";

const HOST_METRICS = graphql(`
  subscription HostMetrics($id: ID!) {
    serverMetrics(serverId: $id) {
      at cpuPercent load1 load5 load15 memoryUsedBytes memoryTotalBytes uptimeSeconds
      disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }
      networks { name receivedBytesPerSecond sentBytesPerSecond }
    }
  }
`);

const HOST_HISTORY = graphql(`
  query HostHistory($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {
    server(id: $id) {
      metrics(from: $from, to: $to, maxPoints: $points) {
        at cpuPercent memoryUsedBytes disks { readBytesPerSecond writeBytesPerSecond } networks { receivedBytesPerSecond sentBytesPerSecond }
      }
    }
  }
`);

type Metrics = HostMetricsSubscription["serverMetrics"];
type Drawn = Pick<Metrics, "cpuPercent" | "memoryUsedBytes"> & {
  at: string;
  disks: readonly Pick<Metrics["disks"][number], "readBytesPerSecond" | "writeBytesPerSecond">[];
  networks: readonly Pick<Metrics["networks"][number], "receivedBytesPerSecond" | "sentBytesPerSecond">[];
};

/** An hour at one point a second, and the minutes of before. */
const kept = 3_660;
/** The longest window, of which the panel tells every so many seconds. */
const [day, stretch] = [86_400, 300];
/** After this time without news it is said that there are none, in ms. */
const patience = 10_000;
const rate = (value: number) => `${bytes(value)}/s`;

const seconds = (at: string): number => Date.parse(at) / 1000;

/** What is drawn of a point, for each chart. */
const values = (m: Drawn) => ({
  cpu: [m.cpuPercent], memory: [Number(m.memoryUsedBytes)],
  disk: [sum(m.disks, (d) => d.readBytesPerSecond), sum(m.disks, (d) => d.writeBytesPerSecond)],
  network: [sum(m.networks, (n) => n.receivedBytesPerSecond), sum(m.networks, (n) => n.sentBytesPerSecond)],
});
const ringsOf = (capacity: number, gap: number) => ({ cpu: new Ring(capacity, 1, gap), memory: new Ring(capacity, 1, gap), disk: new Ring(capacity, 2, gap), network: new Ring(capacity, 2, gap) });
const charts = ["cpu", "memory", "disk", "network"] as const;

/** What the panel's own host is doing, second by second, past React: only what is not drawn is state. */
export function HostCharts({ server }: { server: { id: string; name: string; osName?: string | null } }) {
  const t = useTexts();
  const [live, past] = useMemo(() => [ringsOf(kept, 5), ringsOf(day / stretch + 10, 0)], [server.id]);
  const draws = useRef(new Set<() => void>());
  const paused = useRef(false);
  const [isPaused, setPaused] = useState(false);
  const [span, setSpan] = useState("120");
  const [newest, setNewest] = useState<Metrics | null>(null);
  /** How long nothing has come, in ms; 0 while it is not worth a word. */
  const [silence, setSilence] = useState(0);
  const [unread, setUnread] = useState(false);
  const rings = Number(span) === day ? past : live;

  const register = useCallback((draw: () => void) => {
    draws.current.add(draw);
    return () => void draws.current.delete(draw);
  }, []);

  const redraw = useCallback(() => {
    if (!paused.current) for (const draw of draws.current) draw();
  }, []);

  useEffect(() => {
    let last = Date.now();
    let said = 0;
    const end = listen(HOST_METRICS, { id: server.id }, {
      next: ({ serverMetrics: m }) => {
        const of = values(m);
        for (const chart of charts) live[chart].add(seconds(m.at), of[chart]);
        last = Date.now();
        redraw();
        if (last - said > 5_000) {
          said = last; // the words beside the charts need no second hand
          setNewest(m);
        }
      },
    });
    const watch = setInterval(() => setSilence(Date.now() - last > patience ? Date.now() - last : 0), 1_000);
    return () => {
      clearInterval(watch);
      end();
    };
  }, [server.id, live, redraw]);

  // The panel has what was before this page: once for the hour, which goes on by itself, and each minute for the day.
  useEffect(() => {
    const window = Number(span);
    setUnread(false); // which was said of another window
    if (window < 3_600) return;
    let timer: ReturnType<typeof setTimeout>;
    let left = false;
    async function read() {
      const to = Date.now();
      const asked = { id: server.id, from: new Date(to - window * 1000).toISOString(), to: new Date(to).toISOString(), points: window === day ? day / stretch : 60 };
      const found = await readUncached(HOST_HISTORY, asked).then(({ server: s }) => s?.metrics ?? [], () => null);
      if (left) return;
      setUnread(found === null);
      for (const chart of charts) {
        if (found === null) break;
        if (window === day) past[chart].clear();
        (window === day ? past : live)[chart].precede(found.map((m) => [seconds(m.at), ...values(m)[chart]]), window === day ? 2.5 * stretch : 150);
      }
      redraw();
      if (window === day || found === null) timer = setTimeout(read, 60_000);
    }
    void read();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [server.id, span, live, past, redraw]);

  function pause() {
    paused.current = !paused.current;
    setPaused(paused.current);
  }

  const chart = { window: Number(span), sync: "host", register };
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Stack gap={0}>
            <Title order={2} size="h4">{t("host")}: {server.name}</Title>
            <Text size="xs" c="dimmed">{[server.osName, newest && t("load", { one: number(newest.load1), five: number(newest.load5), fifteen: number(newest.load15) }), newest && t("uptime", { time: duration(Number(newest.uptimeSeconds) * 1000) })].filter(Boolean).join(" · ")}</Text>
          </Stack>
          <Group gap="xs">
            <SegmentedControl size="xs" value={span} onChange={setSpan} data={[{ value: "120", label: t("minutes") }, { value: "3600", label: t("hour") }, { value: String(day), label: t("day") }]} aria-label={t("window")} />
            <Button size="xs" variant="default" onClick={pause}>{isPaused ? t("resume") : t("pause")}</Button>
          </Group>
        </Group>
        {silence > 0 && <Alert color="yellow" py="xs" role="status">{t("stale", { when: relative(new Date(Date.now() - silence), "long", Date.now()) })}</Alert>}
        {unread && <Text size="xs" c="dimmed" role="status">{t("unread")}</Text>}
        <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }}>
          <LiveChart {...chart} title={t("cpu")} ring={rings.cpu} max={100} format={percent} series={[{ label: t("cpu"), color: "blue" }]} />
          <LiveChart {...chart} title={t("memory")} ring={rings.memory} max={newest ? Number(newest.memoryTotalBytes) : undefined} format={bytes} series={[{ label: t("memory"), color: "grape" }]} />
          <LiveChart {...chart} title={t("disks")} ring={rings.disk} least={10_240} format={rate} series={[{ label: t("reads"), color: "indigo" }, { label: t("writes"), color: "red" }]} />
          <LiveChart {...chart} title={t("network")} ring={rings.network} least={10_240} format={rate} series={[{ label: t("received"), color: "teal" }, { label: t("sent"), color: "orange" }]} />
        </SimpleGrid>
        {newest && newest.disks.length > 0 && (
          <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
            {newest.disks.map((d) => {
              const share = Number(d.totalBytes) === 0 ? 0 : (Number(d.usedBytes) / Number(d.totalBytes)) * 100;
              const amount = t("disk", { mount: d.mount, used: bytes(d.usedBytes), total: bytes(d.totalBytes) });
              const said = d.stale ? `${amount} · ${t("hangs")}` : amount;
              return (
                <Stack key={d.mount} gap={4} data-stale={d.stale}>
                  <Text size="xs" c={d.stale ? "var(--mantine-color-error)" : "dimmed"}>{said}</Text>
                  <Progress value={share} size="sm" color={d.stale ? "gray" : share >= 90 ? "red" : share >= 70 ? "yellow" : "blue"} aria-label={said} />
                </Stack>
              );
            })}
          </SimpleGrid>
        )}
      </Stack>
    </Paper>
  );
}

const sum = <T,>(of: readonly T[], value: (one: T) => number): number => of.reduce((all, one) => all + value(one), 0);
