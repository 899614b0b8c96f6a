import { createSpotlight } from "@mantine/spotlight";

/** The palette's own state, which is there before its code is, and what opens it. */
export const [palette, { open: openPalette }] = createSpotlight();
