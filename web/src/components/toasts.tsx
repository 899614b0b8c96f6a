import { Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertCircle, IconCheck } from "@tabler/icons-react";
import i18next from "i18next";
import type { ReactNode } from "react";
import { detailsOf, type Problem, problemsOf } from "@/gql/problem";
import { store } from "@/lib/store";
import { texts } from "@/lib/text";
import { CopyText } from "./copy-text";
import { useSentence } from "./use-sentence";

/** Something that was told in this tab, as the drawer of notifications keeps it. */
export interface Told {
  id: number;
  at: Date;
  what: string | Problem;
}

const kept = 50;

/** What was told, the newest first. */
export const told = store<readonly Told[]>([]);
let last = 0;

function keep(what: string | Problem): void {
  told.set([{ id: ++last, at: new Date(), what }, ...told.get()].slice(0, kept));
}

const useTexts = texts("toasts", {
  en: {
    close: "Dismiss",
    copy: "Copy details",
    failed: "That did not work",
  },
  de: {
    close: "Schließen",
    copy: "Einzelheiten kopieren",
    failed: "Das ging nicht",
  },
});

function Message({ problem }: { problem: Problem }) {
  const sentence = useSentence();
  return (
    <>
      <Text size="sm" c="var(--mantine-color-text)">{sentence(problem)}</Text>
      <Group justify="space-between" mt={4} gap="xs">
        <Text size="xs" c="dimmed" ff="monospace">{problem.code}</Text>
        <CopyDetails problem={problem} />
      </Group>
    </>
  );
}

export function CopyDetails({ problem }: { problem: Problem }) {
  const t = useTexts();
  return <CopyText size="compact-xs" variant="subtle" label={t("copy")} text={() => detailsOf(problem)} />;
}

function Title() {
  return <>{useTexts()("failed")}</>;
}

const closeButton = () => ({ "aria-label": i18next.t("close", { ns: "toasts" }) });

/** Says that something was done, for some seconds. */
export function toastDone(message: string): void {
  keep(message);
  notifications.show({ message, color: "green.8", icon: <IconCheck size={18} aria-hidden />, role: "status", closeButtonProps: closeButton() });
}

/** Says that something was not done, until it is dismissed. */
export function toastProblem(problem: Problem): void {
  keep(problem);
  notifications.show({
    title: <Title />, message: <Message problem={problem} />, color: "red.8", icon: <IconAlertCircle size={18} aria-hidden />,
    autoClose: false, role: "alert", closeButtonProps: closeButton(),
  });
}

/** Says why something was not done, by what was thrown. */
export const toastThrown = (error: unknown): void => toastProblem(problemsOf(error)[0]!);

/** Says what the user has to know of something, such as that it is not all, for some seconds more. */
export function toastWarning(message: string): void {
  keep(message);
  toastNotice(message, "WARNING");
}

/** Says what the panel told the user while something else was being done, which it keeps by itself: what failed until it is dismissed. */
export function toastNotice(message: ReactNode, level: "WARNING" | "ERROR"): void {
  notifications.show({
    message, color: level === "ERROR" ? "red.8" : "yellow.8", icon: <IconAlertCircle size={18} aria-hidden />,
    autoClose: level === "ERROR" ? false : 10_000, role: level === "ERROR" ? "alert" : "status", closeButtonProps: closeButton(),
  });
}
