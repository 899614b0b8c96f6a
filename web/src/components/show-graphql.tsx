import { ActionIcon, Button, Code, Group, ScrollArea, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBraces } from "@tabler/icons-react";
import type { TypedDocumentNode } from "@urql/core";
import { textOf } from "@/gql/document";
import { texts } from "@/lib/text";
import { CopyText } from "./copy-text";
import { Dialog } from "./dialog";

const useTexts = texts("show-graphql", {
  en: { show: "Show GraphQL", title: "The same by the API", variables: "Variables", copy: "Copy", open: "Open GraphiQL" },
  de: { show: "GraphQL zeigen", title: "Dasselbe über die API", variables: "Variablen", copy: "Kopieren", open: "GraphiQL öffnen" },
});

const focusable = { tabIndex: 0 }; // so that it is scrolled by keyboard, too

/** The indentation that a document has in our source is nobody's business. */
function outdent(text: string): string {
  const lines = text.replace(/^\s*\n|\s+$/g, "").split("\n");
  const depth = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(depth)).join("\n");
}

/**
 * A button that shows the operation behind an action, with its variables as they would
 * be sent; secrets must not be among them. `of` is the action's name where several stand
 * side by side.
 */
export function ShowGraphQL<Data, Variables>(p: { document: TypedDocumentNode<Data, Variables>; variables: Partial<Variables> | object; of?: string; color?: string }) {
  const t = useTexts();
  const [opened, { open, close }] = useDisclosure();
  const label = p.of ? `${t("show")}: ${p.of}` : t("show");
  const operation = outdent(textOf(p.document));
  const variables = JSON.stringify(p.variables, null, 2);
  return (
    <>
      <Tooltip label={label}>
        <ActionIcon variant="subtle" color={p.color ?? "gray"} size="lg" aria-label={label} onClick={open}><IconBraces size={18} aria-hidden /></ActionIcon>
      </Tooltip>
      <Dialog opened={opened} onClose={close} title={t("title")} size="lg">
        <Stack>
          <ScrollArea.Autosize mah={320} viewportProps={focusable}><Code block>{operation}</Code></ScrollArea.Autosize>
          <Text size="sm" fw={500}>{t("variables")}</Text>
          <ScrollArea.Autosize mah={200} viewportProps={focusable}><Code block>{variables}</Code></ScrollArea.Autosize>
          <Group justify="flex-end">
            <Button component="a" href="/graphiql" variant="default" target="_blank" rel="noreferrer">{t("open")}</Button>
            <CopyText label={t("copy")} text={() => `${operation}\n\n# ${t("variables")}: ${JSON.stringify(p.variables)}`} />
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
