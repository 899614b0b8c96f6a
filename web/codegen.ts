import type { CodegenConfig } from "@graphql-codegen/cli";

// Types of every operation in src/, from the schema; scripts/verify compares them.
// Documents stay where they are written: see src/gql/document.ts.
export default {
  schema: "../schema/*.graphqls",
  documents: ["src/**/*.{ts,tsx}", "!src/gql/generated/**"],
  ignoreNoDocuments: true,
  generates: {
    "./src/gql/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        skipTypename: true,
        useTypeImports: true,
        scalars: { BigInt: "string", Cursor: "string", DateTime: "string", JSON: "unknown", StreamPosition: "string" },
      },
    },
  },
} satisfies CodegenConfig;
