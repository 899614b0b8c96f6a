import { Button, VisuallyHidden } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { texts } from "@/lib/text";
import { useResourceName } from "./job-title";

const OBJECT = graphql(`
  query FilterObject($id: ID!) {
    node(id: $id) { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }
  }
`);

const useTexts = texts("object-filter", {
  en: { only: "Only: {{name}}", one: "Only one object", remove: "Remove this filter" },
  de: { only: "Nur: {{name}}", one: "Nur ein Objekt", remove: "Diesen Filter entfernen" },
});

/** Says that a list is of one object alone, by its name where the viewer may see it, and takes that off. */
export function ObjectFilter(p: { id: string; onRemove: () => void }) {
  const t = useTexts();
  const nameOf = useResourceName();
  const [{ data }] = useQuery({ query: OBJECT, variables: { id: p.id }, requestPolicy: "cache-first" });
  const name = nameOf(data?.node as Parameters<typeof nameOf>[0]);
  return (
    <Button variant="default" maw={320} rightSection={<IconX size={14} aria-hidden />} onClick={p.onRemove}>
      {name === undefined ? t("one") : t("only", { name })}<VisuallyHidden> {t("remove")}</VisuallyHidden>
    </Button>
  );
}
