import { Alert, Button, Code, Group, Stack } from "@mantine/core";
import { IconAlertTriangle, IconCopy, IconDownload } from "@tabler/icons-react";
import { save } from "@/lib/csv";
import { texts } from "@/lib/text";
import { CopyText } from "./copy-text";
import { Dialog } from "./dialog";

const useTexts = texts("shown-once", {
  en: { once: "This is shown only now. Keep it where nobody else can read it.", saved: "I have saved it", copy: "Copy", download: "Download" },
  de: { once: "Das wird nur jetzt gezeigt. Bewahren Sie es auf, wo niemand sonst es lesen kann.", saved: "Ich habe es gesichert", copy: "Kopieren", download: "Herunterladen" },
});

/** A secret that is shown once: it stays until somebody says that it is saved. Null closes it. */
export function ShownOnce(p: { title: string; lines: readonly string[] | null; file?: string; onSaved: () => void }) {
  const t = useTexts();
  const text = p.lines?.join("\n") ?? "";
  return (
    <Dialog locked opened={p.lines !== null} onClose={() => {}} title={p.title}>
      <Stack>
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />}>{t("once")}</Alert>
        <Code block tabIndex={0} aria-label={p.title} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Code>
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <CopyText variant="default" leftSection={<IconCopy size={16} aria-hidden />} label={t("copy")} text={() => text} />
            {p.file && <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save(p.file!, "text/plain;charset=utf-8", `${text}\n`)}>{t("download")}</Button>}
          </Group>
          <Button onClick={p.onSaved}>{t("saved")}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
