/** What somebody has typed, as text alone: whatever would hide or turn round what stands beside it is written out. */
export const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (sign) => (sign === "\n" ? sign : `\\u{${sign.codePointAt(0)!.toString(16)}}`)); // a match has a code point

/** A value of any form, to be read: text as it is, everything else as JSON. */
export const told = (value: unknown): string => plain(typeof value === "string" ? value : (JSON.stringify(value, null, 1) ?? ""));
