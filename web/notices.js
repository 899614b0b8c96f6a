// Writes THIRD_PARTY.txt: each package of which code is in the bundle, with its
// version and its licence's text. It fails on a licence that is not one of those
// that may be given on with ours.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const accepted = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "Unlicense"]);

/** Some packages have files of that name further down, for Node alone. */
function hasName(file) {
  const { name, version } = JSON.parse(readFileSync(file, "utf8"));
  return Boolean(name && version);
}

/** The folder of the package that a module belongs to, "" when it is our own. */
function packageOf(id) {
  const path = id.replace(/^\0+/, "").split("?")[0];
  if (!path.includes("/node_modules/")) return "";
  for (let dir = dirname(path); dir !== "/" && dir !== "."; dir = dirname(dir)) {
    const file = join(dir, "package.json");
    if (existsSync(file) && hasName(file)) return dir;
  }
  return "";
}

function notice(dir) {
  const { name, version, license } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  if (!accepted.has(license)) throw new Error(`${name} ${version}: the licence ${license} is not among those that are accepted`);
  const texts = readdirSync(dir).filter((f) => /^(licen[cs]e|notice|third-?party-?notices)/i.test(f)).sort();
  const body = texts.map((f) => readFileSync(join(dir, f), "utf8").trim()).join("\n\n");
  const rule = "=".repeat(78);
  return `${rule}\n${name} ${version} (${license})\n${rule}\n\n${body || `Licensed under ${license}; the package has no text of it.`}\n`;
}

/** Plugins that write the file; intro stands at its top. */
export function notices(intro) {
  const packages = new Set();
  return {
    /** One for each bundle: the page's, and each worker's. */
    plugin: () => ({
      name: "third-party",
      generateBundle(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          for (const id of chunk.moduleIds ?? []) {
            const dir = packageOf(id);
            if (dir) packages.add(dir);
          }
        }
        for (const id of this.getModuleIds()) {
          const dir = id.split("?")[0].endsWith(".css") ? packageOf(id) : "";
          if (dir) packages.add(dir);
        }
      },
    }),
    writer: () => ({
      name: "third-party-file",
      enforce: "post",
      generateBundle() {
        const list = [...packages].map(notice).sort();
        if (list.length === 0) throw new Error("no package was found in the bundle");
        const source = `${intro}\n\n${list.join("\n")}`;
        this.emitFile({ type: "asset", fileName: "THIRD_PARTY.txt", source });
      },
    }),
  };
}
