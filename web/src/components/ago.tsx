import { Text, Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { dateTime, relative } from "@/lib/format";
import { store, useStore } from "@/lib/store";

const now = store(Date.now());
let watched = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time of now, at most 10 seconds old; one clock for the whole page. */
export function useNow(): number {
  useEffect(() => {
    if (watched++ === 0) {
      now.set(Date.now());
      timer = setInterval(() => now.set(Date.now()), 10_000);
    }
    return () => {
      if (--watched === 0) clearInterval(timer);
    };
  }, []);
  return useStore(now);
}

/**
 * How long ago something was, with the exact time behind it. What shows that is there
 * only while it is looked at: a list has a row of these.
 */
export function Ago(p: { at: string | null | undefined; never?: string; short?: boolean }) {
  const clock = useNow();
  const [pointed, setPointed] = useState(false);
  if (!p.at) return <Text span size="sm" c="dimmed">{p.never ?? "–"}</Text>;
  const time = (
    <Text span size="sm" c={p.short ? "dimmed" : undefined} style={{ whiteSpace: "nowrap" }} component="time" dateTime={p.at} onPointerEnter={() => setPointed(true)} onPointerLeave={() => setPointed(false)}>
      {relative(p.at, p.short ? "narrow" : "long", Math.max(clock, Date.parse(p.at) <= clock ? clock : Date.now()))}
    </Text>
  );
  return pointed ? <Tooltip opened label={dateTime(p.at)}>{time}</Tooltip> : time;
}
