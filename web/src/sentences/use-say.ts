import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { store, useStore } from "@/lib/store";
import type { Say } from "./say";

const german = store<{ say: Say } | null>(null);
let fetching = false;

/** Fetches the sentences once; where the line is cut just then, for whoever needs them next. */
async function fetchGerman(): Promise<void> {
  if (fetching || german.get()) return;
  fetching = true;
  try {
    const { say } = await import("./german");
    german.set({ say });
  } catch {
    // The panel's own words are shown meanwhile.
  } finally {
    fetching = false;
  }
}

const asItIs: Say = (text) => text;

/** Says in the language of the page what the panel said, which is English; an unknown sentence stays as it is. */
export function useSay(): Say {
  const { i18n } = useTranslation();
  const known = useStore(german);
  const wanted = i18n.language === "de";
  useEffect(() => {
    if (wanted) void fetchGerman();
  }, [wanted]);
  return wanted && known ? known.say : asItIs;
}
