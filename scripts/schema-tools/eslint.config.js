// The rules of graphql-eslint that the schema meets: all of them, Relay's too, but
// those below, each with the reason why it is not ours.
import plugin from "@graphql-eslint/eslint-plugin";

const { "flat/schema-all": all, "flat/schema-relay": relay } = plugin.configs;

export default (schema) => [
  {
    files: ["**/*.graphqls"],
    plugins: { "@graphql-eslint": plugin },
    languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...all.rules,
      ...relay.rules,
      "@graphql-eslint/require-description": ["error", {
        types: true, rootField: true, DirectiveDefinition: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true,
      }],
      // Lines are read in the order of what they mean, and what is new stands last.
      "@graphql-eslint/alphabetize": "off",
      // There are all three roots.
      "@graphql-eslint/no-root-type": "off",
      // A payload has what was changed; who wants more asks again, at its own cost.
      "@graphql-eslint/require-field-of-type-query-in-mutation-result": "off",
      // A list that fails is an error of the whole: null for it would say that there is none.
      "@graphql-eslint/require-nullable-result-in-root": "off",
      // What has an identity of its own is a Node; payloads, pages and values have none.
      "@graphql-eslint/strict-id-in-types": "off",
      // A description of one line has single quotes, one of several has three.
      "@graphql-eslint/description-style": "off",
      // Viewer.customers is read from the front alone; all others go both ways.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // Pages have their rows as `nodes`, too, and what is short and whole is a plain list.
      "@graphql-eslint/relay-edge-types": ["error", { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
      // States of different things have the same names on purpose, such as PENDING.
      "@graphql-eslint/unique-enum-value-names": "off",
    },
  },
];
