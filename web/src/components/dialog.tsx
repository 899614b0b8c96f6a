import { Drawer, Modal, type ModalProps } from "@mantine/core";
import { createContext, type ReactNode, use } from "react";
import { texts } from "@/lib/text";
import { DialogNotice } from "./dialog-notice";
import { useTopmost } from "./use-topmost";

const useTexts = texts("dialog", { en: { close: "Close" }, de: { close: "Schließen" } });

/** Where what lies over everything else begins; a dialog that opens from there lies over it. */
export const DialogLayer = createContext<number | undefined>(undefined);

/**
 * A window over the page, in the middle of it or in a drawer at its side. What is within
 * begins anew each time it opens, and the focus goes back to what opened it. A locked one
 * is left by what stands in it alone. The one in front says what nobody may miss.
 */
export function Dialog(p: { opened: boolean; onClose: () => void; title: ReactNode; drawer?: boolean; locked?: boolean; size?: ModalProps["size"]; children: ReactNode }) {
  const t = useTexts();
  const top = useTopmost(p.opened);
  const notice = use(DialogNotice);
  const layer = use(DialogLayer);
  const content = <>{top && notice}{p.children}</>;
  const both = {
    opened: p.opened, onClose: p.onClose, title: p.title, size: p.size, zIndex: layer, closeButtonProps: { "aria-label": t("close") },
    withCloseButton: !p.locked, closeOnEscape: top && !p.locked, closeOnClickOutside: !p.locked, styles: { title: { fontWeight: 600 } },
  };
  return p.drawer ? <Drawer position="right" {...both}>{content}</Drawer> : <Modal {...both}>{content}</Modal>;
}
