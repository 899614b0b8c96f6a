import { Text } from "@mantine/core";
import { useQuery } from "urql";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { TableSkeleton } from "@/components/skeletons";
import { Tokens } from "@/components/tokens";
import { graphql } from "@/gql/document";
import { useTexts } from "./texts-members";

const TOKENS = graphql(`
  query CustomerTokens($id: ID!) {
    customer(id: $id) {
      id
      apiTokens(first: 100) {
        nodes { id name prefix permissions objectIds cidrs lastUsedAt lastUsedIp expiresAt createdAt user { id name } }
        totalCount
      }
    }
  }
`);

/** The API tokens that are for a customer, whoever made them; each can be ended at once. */
export function CustomerTokens(p: { customerId: string; writes: boolean }) {
  const t = useTexts();
  const [result, retry] = useQuery({ query: TOKENS, variables: { id: p.customerId } });
  return (
    <Section title={t("tokens")} intro={t("tokensIntro")}>
      <QueryView result={result} retry={retry} skeleton={<TableSkeleton bare label={t("loading")} rows={1} columns={3} />}>
        {({ customer }) => {
          const { nodes = [], totalCount = 0 } = customer?.apiTokens ?? {};
          return nodes.length === 0 ? <Text size="sm" c="dimmed">{t("noTokens")}</Text> : <Tokens tokens={nodes} total={totalCount} writes={p.writes} />;
        }}
      </QueryView>
    </Section>
  );
}
