import { Alert, Code, Group, Stack, Text } from "@mantine/core";
import { bytes, number } from "@/lib/format";
import { texts } from "@/lib/text";
import { useSentence } from "./use-sentence";
import type { PreviewState } from "./use-preview";

const useTexts = texts("preview", {
  en: { title: "What will happen", nothing: "Nothing has to be done on a server.", of: "{{name}}: {{used}} of {{max}} afterwards", DATABASES: "Databases", DATABASE_BYTES: "Database size", refused: "The panel would refuse this" },
  de: { title: "Was geschehen wird", nothing: "Auf einem Server ist nichts zu tun.", of: "{{name}}: danach {{used}} von {{max}}", DATABASES: "Datenbanken", DATABASE_BYTES: "Größe der Datenbanken", refused: "Das Panel würde das ablehnen" },
});

/** What an order would do, as the panel's dry run tells it; its quotas for what uses more of them. */
export function Preview({ state, fields, quotas }: { state: PreviewState; fields: readonly string[]; quotas: boolean }) {
  const t = useTexts();
  const sentence = useSentence();
  const { preview, problem } = state;
  // What concerns a field is said beside it, once the form is sent.
  const beside = fields.some((name) => problem?.field === name || problem?.field?.startsWith(`${name}.`));
  if (problem && !beside) return <Alert color="yellow" title={t("refused")} role="status">{sentence(problem)}</Alert>;
  if (!preview) return null;
  const size = (name: string, value: string) => (name.endsWith("BYTES") ? bytes(value) : number(value));
  return (
    <Stack gap={6} role="status">
      <Text size="sm" fw={500}>{t("title")}</Text>
      {preview.steps.length === 0 ? <Text size="sm" c="dimmed">{t("nothing")}</Text> : <Group gap={6}>{preview.steps.map((step) => <Code key={step}>{step}</Code>)}</Group>}
      {quotas && preview.quotas?.map(({ name, used, max }) =>
        max === null || max === undefined ? null : (
          <Text key={name} size="sm" c="dimmed">{t("of", { name: t(name as "DATABASES"), used: size(name, used), max: size(name, max) })}</Text>
        ))}
    </Stack>
  );
}
