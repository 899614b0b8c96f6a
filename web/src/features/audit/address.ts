/** The 4 or 16 bytes of an address; undefined for what is none. */
function bytesOf(text: string): number[] | undefined {
  if (/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) {
    const four = text.split(".").map(Number);
    return four.every((byte) => byte < 256) ? four : undefined;
  }
  if (!/^[\da-f.:]*:[\da-f.:]*$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = "", tail = ""] = shortest(text).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last].flatMap((group) => [group >> 8, group & 255]);
}

/** An address of six as browsers write it: in its shortest form, as the panel does. */
const shortest = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);

/** Whether an address of six stands for one of four. */
const isMapped = (bytes: number[]): boolean => bytes.length === 16 && bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 255));

function textOf(bytes: number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  if (isMapped(bytes)) return `::ffff:${bytes.slice(12).join(".")}`;
  return shortest(Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16)).join(":"));
}

/**
 * An address or a network by the rules of the panel: an address has no zone, a network no
 * bits behind its length, and both are of four where they can be. A network of one address
 * is that address. Undefined for what is neither.
 */
export function addressOf(text: string): string | undefined {
  const whole = text.trim();
  const zone = whole.indexOf("%"); // which is all that comes behind
  const [address = "", length, ...more] = (zone < 0 ? whole : whole.slice(0, zone)).split("/");
  const bytes = bytesOf(address);
  if (!bytes || more.length > 0) return undefined;
  if (zone >= 0 && (bytes.length === 4 || length !== undefined || zone === whole.length - 1)) return undefined;
  const most = bytes.length * 8;
  if (length !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > most)) return undefined;
  const bits = length === undefined ? most : Number(length);
  if (isMapped(bytes) && bits >= 96) return masked(bytes.slice(12), bits - 96);
  return masked(bytes, bits);
}

function masked(bytes: number[], bits: number): string {
  const first = bytes.map((byte, i) => byte & (0xff << Math.min(8, Math.max(0, 8 - (bits - 8 * i)))));
  return bits === bytes.length * 8 ? textOf(bytes) : `${textOf(first)}/${bits}`;
}

/** Whether what an entry shows, an address or a network, lies within what addressOf gave. */
export function isWithin(shown: string, network: string): boolean {
  const [, bits] = network.split("/");
  const [address, own] = shown.split("/");
  if (bits === undefined) return shown === network;
  return (own === undefined || Number(own) >= Number(bits)) && addressOf(`${address}/${bits}`) === network;
}
