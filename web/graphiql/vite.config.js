import { defineConfig } from "vite";
import { notices } from "../notices.js";

// GraphiQL's style sheet brings Roboto and Fira Code in a dozen alphabets, half a
// megabyte; the system's fonts do. Monaco's icons are a font and stay.
const systemFonts = {
  name: "system-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("/graphiql/dist/style.css")) return null;
    return { code: code.replace(/@font-face\s*\{[^}]*\}/g, (face) => (/font-family:\s*["']?codicon/.test(face) ? face : "")), map: null };
  },
};

// The style sheet of Monaco comes within GraphiQL's.
const collected = notices(
  "What others wrote of GraphiQL's pages. The icons of the editor (codicon) are Microsoft's, under CC BY 4.0:\n" +
    "https://creativecommons.org/licenses/by/4.0/ and https://github.com/microsoft/vscode-codicons\n" +
    "Within the editor are DOMPurify, (c) Cure53 and other contributors, of which the Apache License 2.0 is chosen here:\n" +
    "https://www.apache.org/licenses/LICENSE-2.0 and https://github.com/cure53/DOMPurify\n" +
    "and marked, Copyright (c) 2011-2024, Christopher Jeffrey, under the MIT License: https://github.com/markedjs/marked",
);

export default defineConfig({
  base: "/graphiql/",
  plugins: [systemFonts, collected.plugin(), collected.writer()],
  worker: { format: "es", plugins: () => [collected.plugin()] },
  build: {
    outDir: "node_modules/.out",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
    // React's "use client" and the like mean nothing to a page without a server's part.
    rolldownOptions: { onLog: (level, log, handle) => log.code === "MODULE_LEVEL_DIRECTIVE" || handle(level, log) },
  },
});
