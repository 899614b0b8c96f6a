import { Text, Tooltip } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
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
 * How long ago something was, with the exact time behind it, for who points at it or
 * touches it. What shows that is there only for so long: a list has a row of these. The
 * element is always the same one, or the pointer would not be seen to leave it.
 */
export function Ago(p: { at: string | null | undefined; never?: string; short?: boolean }) {
  const clock = useNow();
  const time = useRef<HTMLTimeElement>(null);
  const [pointed, setPointed] = useState(false);
  const away = () => setPointed(false);
  useEffect(() => {
    if (!pointed) return;
    // A finger that was lifted points on, until another place is touched.
    const elsewhere = ({ target }: PointerEvent) => {
      if (!time.current?.contains(target as Node)) away();
    };
    addEventListener("pointerdown", elsewhere, true);
    return () => removeEventListener("pointerdown", elsewhere, true);
  }, [pointed]);
  if (!p.at) return <Text span size="sm" c="dimmed">{p.never ?? "–"}</Text>;
  return (
    <>
      <Text
        ref={time} span size="sm" c={p.short ? "dimmed" : undefined} style={{ whiteSpace: "nowrap" }} component="time" dateTime={p.at}
        onPointerEnter={() => setPointed(true)} onPointerDown={() => setPointed(true)} onPointerCancel={away} onPointerLeave={({ pointerType }) => pointerType !== "touch" && away()}
      >
        {relative(p.at, p.short ? "narrow" : "long", Math.max(clock, Date.parse(p.at) <= clock ? clock : Date.now()))}
      </Text>
      {pointed && <Tooltip target={time} opened label={dateTime(p.at)} />}
    </>
  );
}
