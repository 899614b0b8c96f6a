import { Drawer, Modal, type ModalProps } from "@mantine/core";
import type { ReactNode } from "react";
import { texts } from "@/lib/text";
import { useTopmost } from "./use-topmost";

const useTexts = texts("overlay", { en: { close: "Close" }, de: { close: "Schließen" } });

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: ReactNode;
  size?: ModalProps["size"];
  children: ReactNode;
}

/** A window over the page. What is in it begins anew each time that it is opened, and the focus goes back to what opened it. */
export function Dialog(p: DialogProps) {
  const t = useTexts();
  const top = useTopmost(p.opened);
  return <Modal closeOnEscape={top} opened={p.opened} onClose={p.onClose} title={p.title} size={p.size} closeButtonProps={{ "aria-label": t("close") }}>{p.children}</Modal>;
}

/** The same at the side of the page: for forms, and for what is read beside a list. */
export function SidePanel(p: DialogProps) {
  const t = useTexts();
  const top = useTopmost(p.opened);
  return <Drawer closeOnEscape={top} opened={p.opened} onClose={p.onClose} title={p.title} size={p.size ?? "md"} position="right" closeButtonProps={{ "aria-label": t("close") }}>{p.children}</Drawer>;
}
