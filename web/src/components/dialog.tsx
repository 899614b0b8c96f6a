import { Drawer, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { texts } from "@/lib/text";
import { useTopmost } from "./use-topmost";

const useTexts = texts("dialog", { en: { close: "Close" }, de: { close: "Schließen" } });

/**
 * What is asked over a page, in the middle of it or in a drawer. What is within begins
 * anew each time it opens. A locked one is left by what stands in it alone.
 */
export function Dialog(p: { opened: boolean; onClose: () => void; title: string; drawer?: boolean; locked?: boolean; size?: string; children: ReactNode }) {
  const t = useTexts();
  const top = useTopmost(p.opened);
  const both = {
    opened: p.opened, onClose: p.onClose, title: p.title, size: p.size ?? "lg", closeButtonProps: { "aria-label": t("close") },
    withCloseButton: !p.locked, closeOnEscape: top && !p.locked, closeOnClickOutside: !p.locked, styles: { title: { fontWeight: 600 } },
  };
  return p.drawer ? <Drawer position="right" {...both}>{p.children}</Drawer> : <Modal {...both}>{p.children}</Modal>;
}
