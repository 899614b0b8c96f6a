import { Button, type ButtonProps } from "@mantine/core";
import { useEffect, useState } from "react";
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
  (focused?.parentElement ?? document.body).append(area); // in a dialog, whoever looks after its focus sees that it stays there
  area.focus();
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

/** How long it is said that something was copied, in ms. */
const shown = 2_000;

/** What copies a text, whether it has, null before, and how that is said. */
export function useCopy(text: () => string): { copy: () => void; copied: boolean | null; said: string | null } {
  const t = useTexts();
  const [copied, setCopied] = useState<boolean | null>(null);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(null), shown);
    return () => clearTimeout(timer);
  }, [copied]);
  return { copy: () => void copy(text()).then(setCopied), copied, said: copied === null ? null : copied ? t("copied") : t("refused") };
}

/** A button that copies a text and says whether it has. */
export function CopyText({ label, text, ...button }: { label: string; text: () => string } & Pick<ButtonProps, "size" | "variant" | "leftSection">) {
  const { copy, said } = useCopy(text);
  return <Button {...button} onClick={copy}><span aria-live="polite">{said ?? label}</span></Button>;
}
