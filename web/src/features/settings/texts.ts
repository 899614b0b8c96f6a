import { texts } from "@/lib/text";

export const useTexts = texts("settings", {
  en: {
    settings: "Settings", loading: "Loading your settings", profile: "Profile", name: "Full name", save: "Save", saved: "Your profile is saved.", notYours: "While you act as somebody else, their profile is not yours to change.",
    mailLanguage: "Language of e-mails", mailLanguageDefault: "As the provider has it", unverified: "Your address {{email}} is not confirmed yet.", verify: "Send link", verifySent: "A link is on its way to {{email}}.",
    appearance: "Display", appearanceIntro: "This browser alone remembers it.", language: "Language of the pages", timeZone: "Time zone", nowThere: "There it is {{time}}.", ofBrowser: "{{zone}} (this device)", noZone: "No zone is called that.",
    colors: "Colours", light: "Light", dark: "Dark", auto: "As the system",
    about: "About MPanel", version: "Version", aboutIntro: "Everything that these pages do, the GraphQL API does as well.", graphiql: "Try the API in GraphiQL", schema: "The schema", notices: "Third-party notices",
  },
  de: {
    settings: "Einstellungen", loading: "Einstellungen werden geladen", profile: "Profil", name: "Vollständiger Name", save: "Speichern", saved: "Ihr Profil ist gespeichert.", notYours: "Solange Sie als jemand anders handeln, können Sie dessen Profil nicht ändern.",
    mailLanguage: "Sprache der E-Mails", mailLanguageDefault: "Wie beim Anbieter eingestellt", unverified: "Ihre Adresse {{email}} ist noch nicht bestätigt.", verify: "Link senden", verifySent: "Ein Link ist unterwegs an {{email}}.",
    appearance: "Anzeige", appearanceIntro: "Das merkt sich nur dieser Browser.", language: "Sprache der Seiten", timeZone: "Zeitzone", nowThere: "Dort ist es {{time}}.", ofBrowser: "{{zone}} (dieses Gerät)", noZone: "Keine Zone heißt so.",
    colors: "Farben", light: "Hell", dark: "Dunkel", auto: "Wie das System",
    about: "Über MPanel", version: "Version", aboutIntro: "Alles, was diese Seiten tun, geht auch über die GraphQL-API.", graphiql: "Die API in GraphiQL ausprobieren", schema: "Das Schema", notices: "Hinweise zu Dritten",
  },
});
