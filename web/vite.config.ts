import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { documents } from "./documents.ts";
import { notices } from "./notices.js";

const collected = notices("What others wrote of the web app.");
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Two pages: account.html signs in and has what links in e-mails lead to, small, and
// index.html is the app. `npm run dev` asks the panel of MPANEL_URL.
export default defineConfig(({ command }) => ({
  plugins: [react(), ...(command === "build" ? [collected.plugin(), collected.writer(), documents()] : [])],
  resolve: { alias: { "@": here("./src") } },
  server: { proxy: { "/graphql": { target: process.env.MPANEL_URL ?? "http://127.0.0.1:8080", ws: true } } },
  html: { cspNonce: "{{nonce}}" }, // each answer of the panel has another one there
  build: {
    outDir: "node_modules/.out",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: here("./index.html"), account: here("./account.html") },
      onLog: (level, log, handle) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
}));
