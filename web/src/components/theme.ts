import { createTheme, type CSSVariablesResolver } from "@mantine/core";

/** Words in a colour on its own light ground: the package's shade is too pale there for AA. */
const deep = (color: string) => `light-dark(color-mix(in srgb, var(--mantine-color-${color}-9) 65%, black), var(--mantine-color-${color}-light-color))`;

/** What stands on top of a dialog is no banner of the page. */
const attributes = { header: { role: "none" } };

/** A list scrolls itself: what scrolls within one could not be reached by keyboard. */
const list = { defaultProps: { withScrollArea: false }, styles: { options: { maxHeight: 250, overflowY: "auto" } } };

/** What all pages look like. The colours of dimmed text and badges are those that pass WCAG AA on all surfaces. */
export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  cursorType: "pointer",
  defaultRadius: "md",
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "600" },
  respectReducedMotion: true,
  // As plain objects: the sign-in page would bring all of them, else.
  components: {
    Badge: {
      defaultProps: { variant: "light", radius: "sm", tt: "none", fw: 500 },
      vars: (_: unknown, { variant, color = "blue" }: { variant?: string; color?: string }) => ({
        root: variant === "light" ? { "--badge-color": deep(color) } : {},
      }),
    },
    Alert: {
      vars: (_: unknown, { variant = "light", color = "blue" }: { variant?: string; color?: string }) => ({ root: variant === "light" ? { "--alert-color": deep(color) } : {} }),
      styles: { message: { overflow: "visible" } }, // else the outline of what has the focus in it is cut off
    },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5 }, attributes } },
    Drawer: { defaultProps: { attributes } },
    Select: list,
    Autocomplete: list,
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } }, // a menu has nothing but items
    Notification: { defaultProps: { withBorder: true } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
  },
});

export const variables: CSSVariablesResolver = (t) => ({
  variables: {},
  light: { "--mpanel-ground": t.colors.gray[0], "--mantine-color-dimmed": "#5c636a", "--mantine-color-error": t.colors.red[9], "--mantine-color-placeholder": "#6b7280" },
  dark: { "--mpanel-ground": t.colors.dark[8], "--mantine-color-dimmed": "#a6a7ab", "--mantine-color-error": t.colors.red[3], "--mantine-color-placeholder": "#989ba1" },
});
