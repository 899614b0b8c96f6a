import type { Problem } from "@/gql/problem";
import { duration } from "@/lib/format";
import { texts } from "@/lib/text";
import { useSay } from "@/sentences/use-say";
import { useSecondsLeft } from "./use-countdown";

const useTexts = texts("sentences", {
  en: {
    OFFLINE: "The panel does not answer. Nothing that was sent is lost: try again, and it happens once.",
    NOT_FOUND: "It is not there, or not yours.",
    UNAUTHENTICATED: "You are not signed in.",
    RATE_LIMITED: "Too much at once. Try again in a moment.",
    limited: "Too much at once. Try again in {{time}}.",
    open: "It was too much at once. You can try again now.",
    INTERNAL: "That was a mistake of the panel's. With the details the provider finds it in the log.",
  },
  de: {
    OFFLINE: "Das Panel antwortet nicht. Nichts Gesendetes ist verloren: versuchen Sie es noch einmal, und es geschieht einmal.",
    NOT_FOUND: "Es ist nicht da, oder es ist nicht Ihres.",
    UNAUTHENTICATED: "Sie sind nicht angemeldet.",
    RATE_LIMITED: "Zu viel auf einmal. Versuchen Sie es gleich noch einmal.",
    limited: "Zu viel auf einmal. Versuchen Sie es in {{time}} noch einmal.",
    open: "Es war zu viel auf einmal. Sie können es jetzt noch einmal versuchen.",
    INTERNAL: "Das war ein Fehler des Panels. Mit den Einzelheiten findet ihn der Anbieter im Protokoll.",
  },
});

const general = new Set(["OFFLINE", "NOT_FOUND", "UNAUTHENTICATED", "RATE_LIMITED", "INTERNAL"] as const);
type General = typeof general extends Set<infer Code> ? Code : never;

/**
 * A problem as a sentence in the language of the page: where the code says all, by that,
 * else what the panel said. How long to wait is counted down.
 */
export function useSentence(): (problem: Problem) => string {
  const t = useTexts();
  const say = useSay();
  const left = useSecondsLeft();
  return ({ code, message, retryAt }) => {
    if (code === "RATE_LIMITED" && retryAt !== undefined) {
      const seconds = left(retryAt);
      return seconds > 0 ? t("limited", { time: duration(seconds * 1000) }) : t("open");
    }
    return general.has(code as General) ? t(code as General) : say(message);
  };
}
