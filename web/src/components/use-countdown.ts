import { useEffect, useReducer, useRef, useState } from "react";

/** How often it is looked, in ms: so much later than it is true is the next second said. */
const beat = 250;

/**
 * Tells how many seconds are left until a time, in ms since 1970; 0 when it is over. Who
 * asks while being drawn is drawn anew until then.
 */
export function useSecondsLeft(): (until: number) => number {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const latest = useRef(0);
  latest.current = 0; // what is asked for while this is drawn
  useEffect(() => {
    if (latest.current <= Date.now()) return;
    const timer = setTimeout(draw, beat);
    return () => clearTimeout(timer);
  });
  return (until) => {
    const now = Date.now();
    latest.current = Math.max(latest.current, until);
    return Math.max(0, Math.ceil((until - now) / 1000));
  };
}

/** Seconds that are left of a wait, counted down; 0 when it is over. */
export function useCountdown(): [number, (seconds: number) => void] {
  const [until, setUntil] = useState(0);
  const left = useSecondsLeft();
  return [left(until), (seconds) => setUntil(Date.now() + seconds * 1000)];
}
