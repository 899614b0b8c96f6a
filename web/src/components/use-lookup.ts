import type { UseQueryState } from "urql";
import { problemsOf } from "@/gql/problem";
import { texts } from "@/lib/text";
import { useSentence } from "./use-sentence";

const useTexts = texts("lookup", { en: { searching: "Searching…" }, de: { searching: "Wird gesucht…" } });

/**
 * For a select whose options the panel finds by what is typed: whether there are those of
 * the text that stands there, and what it says while there are none; who opens it again
 * after a failure looks for them again.
 */
export function useLookup(p: {
  /** The text that stands there, and the one that was asked for. */
  text: string;
  asked: string;
  result: Pick<UseQueryState<unknown>, "fetching" | "error">;
  retry: (options: { requestPolicy: "network-only" }) => void;
  /** What is said when none is called so. */
  none: string;
}) {
  const t = useTexts();
  const sentence = useSentence();
  const { fetching, error } = p.result;
  const searching = fetching || p.text !== p.asked;
  return {
    answered: !searching && !error,
    says: {
      nothingFoundMessage: searching ? t("searching") : error ? sentence(problemsOf(error)[0]!) : p.none,
      onDropdownOpen: () => {
        if (error) p.retry({ requestPolicy: "network-only" });
      },
    },
  };
}
