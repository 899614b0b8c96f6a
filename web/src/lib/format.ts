import i18next from "i18next";
import { store } from "./store";

const stored = "mpanel-time-zone";

/** The time zone in which times are shown; the browser's when none was chosen. */
export const timeZone = store<string>(localStorage.getItem(stored) ?? Intl.DateTimeFormat().resolvedOptions().timeZone);

export function setTimeZone(zone: string): void {
  localStorage.setItem(stored, zone);
  timeZone.set(zone);
}

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
  return `${new Intl.NumberFormat(i18next.language, { maximumFractionDigits: unit === 0 || n >= 100 ? 0 : 1 }).format(n)} ${units[unit]}`;
}

export const number = (value: number | string): string => new Intl.NumberFormat(i18next.language).format(Number(value));

export const percent = (of100: number): string =>
  new Intl.NumberFormat(i18next.language, { style: "percent", maximumFractionDigits: 0 }).format(of100 / 100);

/** A time as a date and a clock, in the chosen time zone. */
export const dateTime = (at: string | Date): string =>
  new Intl.DateTimeFormat(i18next.language, { dateStyle: "medium", timeStyle: "medium", timeZone: timeZone.get() }).format(new Date(at));

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

/** How long ago, or in how long: "3 minutes ago". */
export function relative(at: string | Date, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(i18next.language, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Milliseconds as people say them: "340 ms", "2.4 s", "3 min 5 s". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const n = (value: number, digits = 0) => new Intl.NumberFormat(i18next.language, { maximumFractionDigits: digits }).format(value);
  if (ms < 60_000) return `${n(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
