import { Group, Progress, Stack, Text } from "@mantine/core";
import { bytes, number, percent } from "@/lib/format";
import { texts } from "@/lib/text";

const useTexts = texts("quota-bar", {
  en: { DATABASES: "Databases", DATABASE_BYTES: "Space of databases", unlimited: "{{used}}, no limit", used: "{{used}} of {{max}} ({{percent}})", enough: "enough left", nearly: "nearly used up", full: "used up" },
  de: { DATABASES: "Datenbanken", DATABASE_BYTES: "Platz der Datenbanken", unlimited: "{{used}}, ohne Grenze", used: "{{used}} von {{max}} ({{percent}})", enough: "genug übrig", nearly: "fast aufgebraucht", full: "aufgebraucht" },
});

export interface QuotaUse {
  name: "DATABASES" | "DATABASE_BYTES";
  used: string;
  max?: string | null;
}

/** Of a limit, from where on little and hardly anything is left, in percent. */
const [little, hardly] = [70, 90];

/** How far a quota is used, in a bar and in words. */
export function QuotaBar({ quota }: { quota: QuotaUse }) {
  const t = useTexts();
  const say = quota.name === "DATABASE_BYTES" ? bytes : number;
  if (quota.max === null || quota.max === undefined) {
    return (
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t(quota.name)}</Text>
        <Text size="sm" c="dimmed">{t("unlimited", { used: say(quota.used) })}</Text>
      </Group>
    );
  }
  const share = Number(quota.max) === 0 ? 100 : (Number(quota.used) / Number(quota.max)) * 100;
  const [color, word] = share >= hardly ? (["red", "full"] as const) : share >= little ? (["yellow", "nearly"] as const) : (["green", "enough"] as const);
  const said = t("used", { used: say(quota.used), max: say(quota.max), percent: percent(share) });
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t(quota.name)}</Text>
        <Text size="sm" c="dimmed">{said} · {t(word)}</Text>
      </Group>
      <Progress value={Math.min(share, 100)} color={color} aria-label={`${t(quota.name)}: ${said}`} data-level={word} />
    </Stack>
  );
}
