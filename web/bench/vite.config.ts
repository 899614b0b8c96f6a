import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// measure.mjs answers these pages to a browser that otherwise talks to the panel.
export default defineConfig({
  root: here("."),
  base: "/bench/",
  plugins: [react()],
  resolve: { alias: { "@": here("../src") } },
  build: { outDir: here("./node_modules/.out"), emptyOutDir: true, target: "es2022", rolldownOptions: { input: { charts: here("./charts.html") } } },
});
