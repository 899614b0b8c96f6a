import { Group, Progress, Stack, Text } from "@mantine/core";
import { bytes, number, percent } from "@/lib/format";
import { texts } from "@/lib/text";

const useTexts = texts("quota-bars", {
  en: { DATABASES: "Databases", DATABASE_BYTES: "Database size", of: "{{used}} of {{max}} ({{share}})", open: "{{used}}, no limit", fine: "Plenty left", near: "Getting full", full: "Almost full", over: "Used up" },
  de: { DATABASES: "Datenbanken", DATABASE_BYTES: "Größe der Datenbanken", of: "{{used}} von {{max}} ({{share}})", open: "{{used}}, keine Grenze", fine: "Reichlich frei", near: "Wird voll", full: "Fast voll", over: "Aufgebraucht" },
});

export interface Quota {
  name: "DATABASES" | "DATABASE_BYTES";
  used: string;
  max?: string | null;
}

/** How much is used of what may be used: amber from 70 %, red from 90 %, and the same in words. */
export function QuotaBars(p: { quotas: readonly Quota[] }) {
  const t = useTexts();
  return (
    <Stack gap="md">
      {p.quotas.map(({ name, used, max }) => {
        const size = (value: string) => (name === "DATABASE_BYTES" ? bytes(value) : number(value));
        const share = max === null || max === undefined ? null : Number(max) === 0 ? 100 : Math.floor((Number(used) / Number(max)) * 100); // rounded down, so that figure and colour say the same
        const level = share === null || share < 70 ? "fine" : share < 90 ? "near" : share < 100 ? "full" : "over";
        const color = { fine: "green", near: "yellow", full: "red", over: "red" }[level];
        const amount = share === null ? t("open", { used: size(used) }) : t("of", { used: size(used), max: size(max!), share: percent(share) });
        return (
          <Stack key={name} gap={4} data-quota={name} data-level={level}>
            <Group justify="space-between" gap="xs">
              <Text size="sm" fw={500}>{t(name)}</Text>
              <Text size="sm" c="dimmed">{amount}{share !== null && ` · ${t(level)}`}</Text>
            </Group>
            {share !== null && <Progress value={Math.min(100, share)} color={color} aria-label={`${t(name)}: ${amount}, ${t(level)}`} />}
          </Stack>
        );
      })}
    </Stack>
  );
}
