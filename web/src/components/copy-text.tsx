import { Button } from "@mantine/core";
import { useState } from "react";
import { texts } from "@/lib/text";

const useTexts = texts("copy-text", {
  en: { copied: "Copied", refused: "This browser copies nothing here" },
  de: { copied: "Kopiert", refused: "Dieser Browser kopiert hier nichts" },
});

/** Copies a text; false where the browser lets nobody. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have a clipboard on https alone; on plain http only the way of old.
  }
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.focus();
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

/** A button that copies a text and says whether it has. */
export function CopyText(p: { label: string; text: () => string; size: "compact-xs" | "compact-sm"; variant: "subtle" | "default" }) {
  const t = useTexts();
  const [copied, setCopied] = useState<boolean | null>(null);
  return (
    <Button size={p.size} variant={p.variant} onClick={() => void copy(p.text()).then(setCopied)}>
      <span aria-live="polite">{copied === null ? p.label : copied ? t("copied") : t("refused")}</span>
    </Button>
  );
}
