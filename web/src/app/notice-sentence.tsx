import { Text } from "@mantine/core";
import { type JobResource, nameOfResource, useJobTitle } from "@/components/job-title";
import { texts } from "@/lib/text";
import { useSay } from "@/sentences/use-say";
import type { Notice } from "./notices";

const useTexts = texts("notice-sentence", {
  en: {
    JOB_SUCCEEDED: "Done: {{job}}", JOB_FAILED: "Failed: {{job}}", JOB_CANCELED: "Canceled, and what was done was taken back: {{job}}", JOB_STUCK: "Stuck, and tried again every hour: {{job}}",
    job: "a job", QUOTA_LEVEL: "Databases have come close to their quota: {{customer}}", QUOTA_OVER: "Databases take more than their quota, and are closed until less than 90 % of it is used: {{customer}}", customer: "a customer",
  },
  de: {
    JOB_SUCCEEDED: "Erledigt: {{job}}", JOB_FAILED: "Fehlgeschlagen: {{job}}", JOB_CANCELED: "Abgebrochen, und was getan war, wurde zurückgenommen: {{job}}", JOB_STUCK: "Hängt, und wird stündlich noch einmal versucht: {{job}}",
    job: "ein Auftrag", QUOTA_LEVEL: "Datenbanken kommen ihrem Kontingent nahe: {{customer}}", QUOTA_OVER: "Datenbanken belegen mehr als ihr Kontingent, und sind geschlossen, bis weniger als 90 % davon belegt sind: {{customer}}", customer: "ein Kunde",
  },
});

/** What a sentence is made of. */
export type Said = Pick<Notice, "kind" | "level" | "message" | "object">;

/** Says in the language of the page what a notification tells, and why; one of a kind that these pages do not know yet as the panel says it. */
export function useNoticeText(): (notice: Said) => { sentence: string; reason?: string } {
  const t = useTexts();
  const title = useJobTitle();
  const say = useSay();
  return ({ kind, level, message, object }) => {
    switch (kind) {
      case "JOB_SUCCEEDED":
      case "JOB_FAILED":
      case "JOB_CANCELED":
      case "JOB_STUCK": {
        if (object?.__typename !== "Job") return { sentence: t(kind, { job: t("job") }), reason: message };
        const job = [title(object.kind), nameOfResource(object.resource as JobResource)].filter(Boolean).join(" · ");
        const reason = kind === "JOB_FAILED" ? object.error?.message : kind === "JOB_STUCK" ? object.waitingFor : null;
        return { sentence: t(kind, { job }), reason: reason ? say(reason) : undefined };
      }
      case "QUOTA_LEVEL":
        return { sentence: t(level === "ERROR" ? "QUOTA_OVER" : "QUOTA_LEVEL", { customer: (object?.__typename === "Customer" && object.title) || t("customer") }) };
      default:
        return { sentence: message };
    }
  };
}

/** A notification as a toast says it. */
export function NoticeSentence({ notice }: { notice: Said }) {
  const { sentence, reason } = useNoticeText()(notice);
  return (
    <>
      {sentence}
      {reason && <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{reason}</Text>}
    </>
  );
}
