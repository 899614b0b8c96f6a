import { ActionIcon, Group, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconCopy, IconX } from "@tabler/icons-react";
import { texts } from "@/lib/text";
import { useCopy } from "./copy-text";

const useTexts = texts("copy-field", { en: { copy: "Copy {{what}}" }, de: { copy: "{{what}} kopieren" } });

/** A value in fixed width, with a button that copies it. */
export function CopyField(p: { label: string; value: string }) {
  const t = useTexts();
  const { copy, copied, said } = useCopy(() => p.value);
  const Icon = copied === null ? IconCopy : copied ? IconCheck : IconX;
  const label = said ?? t("copy", { what: p.label });
  return (
    <Group gap={4} wrap="nowrap" align="center" maw="100%">
      <Text ff="monospace" size="sm" style={{ overflowWrap: "anywhere" }}>{p.value}</Text>
      <Tooltip label={label}>
        <ActionIcon variant="subtle" color={copied === null ? "gray" : copied ? "green" : "red"} onClick={copy} aria-label={label}><Icon size={16} aria-hidden /></ActionIcon>
      </Tooltip>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </Group>
  );
}
