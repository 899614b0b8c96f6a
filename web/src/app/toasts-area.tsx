import { Notifications } from "@mantine/notifications";

/** Where toasts appear: at the bottom, since buttons are at the top. */
export function Toasts() {
  return <Notifications position="bottom-right" limit={4} containerWidth={420} />;
}
