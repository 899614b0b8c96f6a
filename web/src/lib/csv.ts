/** A cell that spreadsheets take for a formula begins with one of these. */
const formula = /^[=+\-@\t\r]/;

/** One cell: quoted, and never a formula. */
export function cell(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = formula.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** A table as CSV with a byte order mark, by which spreadsheets know UTF-8. */
export const csv = (head: string[], rows: (string | number | null | undefined)[][]): string =>
  `\uFEFF${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

/** Has the browser save a text as a file. */
export function save(name: string, type: string, text: string | Blob): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
