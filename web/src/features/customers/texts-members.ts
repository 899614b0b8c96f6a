import { texts } from "@/lib/text";

export const useTexts = texts("customer-members", {
  en: {
    members: "Members", loading: "Loading", none: "Nobody has a role in this customer. Invite somebody by mail.", name: "Name", email: "E-mail address", emailHint: "Also of somebody who has an account.", role: "Role", secondFactor: "Second factor", yes: "Yes", no: "No", since: "Since", you: "you", actions: "Actions",
    invite: "Invite", inviteTo: "Invite to {{name}}", send: "Send the invitation", invited: "The invitation to {{email}} is on its way.", changeRole: "Change the role of {{name}}", save: "Save", roleChanged: "The role is changed.", sameRole: "Choose another role to save it.",
    remove: "Remove {{name}}", removeNow: "Remove", removed: "{{name}} is no member any more.", removeText: "The role ends within a second, with open connections. The account stays.", removeSelf: "This is you: you lose your access to this customer at once. Your account stays.",
    tokens: "API tokens", tokensIntro: "With these, programs call for this customer.", noTokens: "There is no API token for this customer.",
  },
  de: {
    members: "Mitglieder", loading: "Wird geladen", none: "Niemand hat eine Rolle bei diesem Kunden. Laden Sie jemanden per E-Mail ein.", name: "Name", email: "E-Mail-Adresse", emailHint: "Auch von jemandem, der schon ein Konto hat.", role: "Rolle", secondFactor: "Zweiter Faktor", yes: "Ja", no: "Nein", since: "Seit", you: "Sie", actions: "Aktionen",
    invite: "Einladen", inviteTo: "Zu {{name}} einladen", send: "Einladung senden", invited: "Die Einladung an {{email}} ist unterwegs.", changeRole: "Rolle von {{name}} ändern", save: "Speichern", roleChanged: "Die Rolle ist geändert.", sameRole: "Wählen Sie eine andere Rolle, um sie zu speichern.",
    remove: "{{name}} entfernen", removeNow: "Entfernen", removed: "{{name}} ist kein Mitglied mehr.", removeText: "Die Rolle endet binnen einer Sekunde, mit offenen Verbindungen. Das Konto bleibt.", removeSelf: "Das sind Sie: Sie verlieren Ihren Zugang zu diesem Kunden sofort. Ihr Konto bleibt.",
    tokens: "API-Tokens", tokensIntro: "Mit ihnen rufen Programme für diesen Kunden auf.", noTokens: "Für diesen Kunden gibt es kein API-Token.",
  },
});
