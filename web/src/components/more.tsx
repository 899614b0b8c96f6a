import { Text } from "@mantine/core";
import { number } from "@/lib/format";
import { texts } from "@/lib/text";

const useTexts = texts("more", { en: { more: "and {{count}} more" }, de: { more: "und {{count}} weitere" } });

/** Says below a list how many more there are than it shows; nothing where it shows all. */
export function More(p: { shown: number; of: number | undefined; component?: "li" }) {
  const t = useTexts();
  const count = (p.of ?? 0) - p.shown;
  if (count <= 0) return null;
  return <Text component={p.component ?? "p"} size="sm" c="dimmed">{t("more", { count: number(count) })}</Text>;
}
