import i18next from "i18next";
import { store } from "./store";

const stored = "mpanel-time-zone";

/** The time zone in which times are shown; the browser's when none was chosen. */
export const timeZone = store<string>(localStorage.getItem(stored) ?? Intl.DateTimeFormat().resolvedOptions().timeZone);

export function setTimeZone(zone: string): void {
  localStorage.setItem(stored, zone);
  timeZone.set(zone);
}

/**
 * One formatter for each language and way of writing: to make one takes longer than all
 * that a page writes with it.
 */
function kept<Options, Format>(make: (language: string, options: Options) => Format): (options: Options) => Format {
  const made = new Map<string, Format>();
  return (options) => {
    const key = `${i18next.language} ${JSON.stringify(options)}`;
    let format = made.get(key);
    if (!format) made.set(key, (format = make(i18next.language, options)));
    return format;
  };
}

const numbers = kept((language, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options));
const times = kept((language, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options));
const distances = kept((language, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(language, options));

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes in units of 1,024: 1536 is "1.5 KiB". */
export function bytes(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return "–";
  let n = Number(value);
  let unit = 0;
  while (Math.abs(n) >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${numbers({ maximumFractionDigits: unit === 0 || n >= 100 ? 0 : 1 }).format(n)} ${units[unit]}`;
}

export const number = (value: number | string): string => numbers({}).format(Number(value));

export const percent = (of100: number): string =>
  numbers({ style: "percent", maximumFractionDigits: 0 }).format(of100 / 100);

/** A time as a date and a clock, in the chosen time zone. */
export const dateTime = (at: string | Date): string =>
  times({ dateStyle: "medium", timeStyle: "medium", timeZone: timeZone.get() }).format(new Date(at));

/** Hours and minutes of a time in seconds since 1970, and its seconds unless it is brief. */
export const clock = (seconds: number, brief = false): string =>
  times({ timeStyle: brief ? "short" : "medium", timeZone: timeZone.get() }).format(seconds * 1000);

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

/** How long ago, or in how long: "3 minutes ago". */
export function relative(at: string | Date, style: "long" | "narrow", now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return distances({ numeric: "auto", style }).format(Math.trunc(seconds / size), unit);
}

/** Milliseconds as people say them: "340 ms", "2.4 s", "3 min 5 s". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const n = (value: number, digits = 0) => numbers({ maximumFractionDigits: digits }).format(value);
  if (ms < 60_000) return `${n(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
