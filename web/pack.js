// Puts what was built into dist/, as the panel embeds it: each file compressed
// once, here, and nothing of an earlier build. The README there stays.
import { readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const [from, to] = ["node_modules/.out", "dist"];
for (const name of readdirSync(to)) {
  if (name !== "README.md") rmSync(join(to, name), { recursive: true });
}
let raw = 0, packed = 0;
for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const content = readFileSync(path);
  const small = gzipSync(content, { level: 9 });
  small[9] = 255; // no operating system: the same bytes everywhere
  const target = join(to, relative(from, path) + ".gz");
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, small);
  raw += content.length;
  packed += small.length;
}
console.log(`${JSON.parse(readFileSync("package.json", "utf8")).name}: ${(raw / 1e6).toFixed(1)} MB, ${(packed / 1e6).toFixed(2)} MB compressed`);
