import { timeZone } from "./format";

/** How far the chosen zone's clock is ahead of UTC at a time, in ms. */
function ahead(at: number): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone: timeZone.get(), hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(at);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(at / 1000) * 1000;
}

/** A time as a field of the kind datetime-local has it, in the chosen time zone; empty for none. */
export function toClock(at: string | undefined): string {
  const ms = Date.parse(at ?? "");
  return Number.isNaN(ms) ? "" : new Date(ms + ahead(ms)).toISOString().slice(0, 16);
}

/** The time that such a field says, RFC 3339; undefined for none. */
export function fromClock(clock: string): string | undefined {
  const ms = Date.parse(`${clock}Z`);
  if (Number.isNaN(ms)) return undefined;
  const first = ms - ahead(ms);
  return new Date(ms - ahead(first)).toISOString();
}

/** A time of a year of four digits, as the graph has them; anything else, which anybody can write into the address, is overlooked. */
export function timeOf(text: string | undefined): string | undefined {
  const at = new Date(text ?? "");
  return at.getFullYear() > 0 && at.getFullYear() < 9999 ? at.toISOString() : undefined;
}
