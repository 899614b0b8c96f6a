import { IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";

/** The colours that people choose among. */
export const schemes = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const;
