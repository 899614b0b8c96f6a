import { PasswordInput, type PasswordInputProps } from "@mantine/core";
import { texts } from "@/lib/text";

const useTexts = texts("password-field", { en: { show: "Show what is written" }, de: { show: "Geschriebenes zeigen" } });

/** A password; what is written can be shown, also by keyboard. That it is wrong is told as of every field. */
export function PasswordField(p: PasswordInputProps) {
  const t = useTexts();
  return <PasswordInput visibilityToggleButtonProps={{ "aria-label": t("show"), tabIndex: 0 }} aria-invalid={p.error ? true : undefined} {...p} />;
}
