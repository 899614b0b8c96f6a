import { ActionIcon, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { texts } from "@/lib/text";

const useTexts = texts("copy-field", { en: { copy: "Copy {{what}}", copied: "Copied" }, de: { copy: "{{what}} kopieren", copied: "Kopiert" } });

/** A value in fixed width, with a button that copies it. */
export function CopyField(p: { label: string; value: string }) {
  const t = useTexts();
  return (
    <Group gap={4} wrap="nowrap" align="center" maw="100%">
      <Text ff="monospace" size="sm" style={{ overflowWrap: "anywhere" }}>{p.value}</Text>
      <CopyButton value={p.value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("copied") : t("copy", { what: p.label })}>
            <ActionIcon variant="subtle" color={copied ? "green" : "gray"} onClick={copy} aria-label={copied ? t("copied") : t("copy", { what: p.label })}>
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
