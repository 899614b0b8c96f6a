import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/testing/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    maxWorkers: "100%", // nothing else is at work meanwhile
    testTimeout: 60_000, // for machines that are busy
    coverage: {
      provider: "v8", include: ["src/**/*.{ts,tsx}"], exclude: ["src/gql/generated/**", "src/testing/**", "src/**/*.test.*", "src/*/main.tsx"], reporter: ["text-summary"], reportsDirectory: "node_modules/.coverage",
      thresholds: { lines: 80, statements: 80, functions: 75, branches: 70 },
    },
  },
});
