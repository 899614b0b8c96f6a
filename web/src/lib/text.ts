import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

export type Language = "en" | "de";
export const languages: Record<Language, string> = { en: "English", de: "Deutsch" };

type Texts = Record<string, string>;
/** A text that is counted is `rows_one` and `rows_other`, and asked for as `rows`. */
type Asked<K> = K extends `${infer Base}_one` ? Base : K extends `${string}_other` ? never : K;
type Values = Record<string, string | number>;

const stored = "mpanel-language";

/** The language that was chosen, else the browser's first of ours, else English. */
function firstLanguage(): Language {
  const wished = [localStorage.getItem(stored), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return wished.find((tag): tag is Language => tag !== undefined && tag !== null && tag in languages) ?? "en";
}

export function startTexts(): void {
  void i18next.use(initReactI18next).init({ lng: firstLanguage(), fallbackLng: "en", resources: {}, initAsync: false, interpolation: { escapeValue: false }, returnNull: false });
  document.documentElement.lang = i18next.language;
}

export function setLanguage(language: Language): void {
  localStorage.setItem(stored, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/**
 * The texts of one part of the app in all languages, and the hook that gives them: a
 * text that one language lacks does not compile. Values stand in {{braces}}.
 */
export function texts<const T extends Texts>(namespace: string, all: { en: T; de: { [K in keyof T]: string } }) {
  const add = () => {
    for (const [language, list] of Object.entries(all)) i18next.addResourceBundle(language, namespace, list);
  };
  if (i18next.isInitialized) add();
  else i18next.on("initialized", add);
  return function useTexts(): (key: Asked<keyof T>, values?: Values) => string {
    const { t } = useTranslation(namespace);
    return t as unknown as (key: Asked<keyof T>, values?: Values) => string;
  };
}
