import { createSpotlight } from "@mantine/spotlight";

const [store, { open }] = createSpotlight();

/** The palette's own state, which is there before its code is. */
export const palette = store;

let opener: Element | null = null;

export function openPalette(): void {
  if (!store.getState().opened) opener = document.activeElement;
  open();
}

/** Where the focus was goes on with it. */
export function closedPalette(): void {
  if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
}
