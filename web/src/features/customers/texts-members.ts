import { texts } from "@/lib/text";

export const useTexts = texts("customer-members", {
  en: {
    members: "Members", loading: "Loading", none: "Nobody has a role in this customer. Invite somebody by mail.", name: "Name", email: "E-mail address", emailHint: "Also of somebody who has an account.", role: "Role", secondFactor: "Second factor", yes: "Yes", no: "No", since: "Since", you: "you", actions: "Actions",
    invite: "Invite", inviteTo: "Invite to {{name}}", send: "Send the invitation", invited: "The invitation to {{email}} is on its way.", changeRole: "Change the role of {{name}}", save: "Save", roleChanged: "The role is changed.", sameRole: "Choose another role to save it.",
    remove: "Remove {{name}}", removeNow: "Remove", removed: "{{name}} is no member any more.", removeText: "The role ends within a second, with open connections. The account stays.", removeSelf: "This is you: you lose your access to this customer at once. Your account stays.",
    invitations: "Open invitations", invitationsIntro: "Links that were sent and not used yet; they end after 72 hours.", noInvitations: "No invitation is open.", ends: "ends", by: "by {{name}}", revoke: "Revoke", revokeOf: "Revoke the invitation to {{email}}", revoked: "The invitation has ended.",
    tokens: "API tokens", tokensIntro: "With these, programs call for this customer.", noTokens: "There is no API token for this customer.", lastUsed: "used", never: "never", noEnd: "no end", revokeTokenOf: "Revoke {{name}}", revokeTokenText: "Programs that use the token are refused within a second, and what is open with it is closed.", tokenRevoked: "The token has ended.",
  },
  de: {
    members: "Mitglieder", loading: "Wird geladen", none: "Niemand hat eine Rolle bei diesem Kunden. Laden Sie jemanden per E-Mail ein.", name: "Name", email: "E-Mail-Adresse", emailHint: "Auch von jemandem, der schon ein Konto hat.", role: "Rolle", secondFactor: "Zweiter Faktor", yes: "Ja", no: "Nein", since: "Seit", you: "Sie", actions: "Aktionen",
    invite: "Einladen", inviteTo: "Zu {{name}} einladen", send: "Einladung senden", invited: "Die Einladung an {{email}} ist unterwegs.", changeRole: "Rolle von {{name}} ändern", save: "Speichern", roleChanged: "Die Rolle ist geändert.", sameRole: "Wählen Sie eine andere Rolle, um sie zu speichern.",
    remove: "{{name}} entfernen", removeNow: "Entfernen", removed: "{{name}} ist kein Mitglied mehr.", removeText: "Die Rolle endet binnen einer Sekunde, mit offenen Verbindungen. Das Konto bleibt.", removeSelf: "Das sind Sie: Sie verlieren Ihren Zugang zu diesem Kunden sofort. Ihr Konto bleibt.",
    invitations: "Offene Einladungen", invitationsIntro: "Verschickte Links, die noch nicht verwendet sind; sie enden nach 72 Stunden.", noInvitations: "Es ist keine Einladung offen.", ends: "endet", by: "von {{name}}", revoke: "Widerrufen", revokeOf: "Einladung an {{email}} widerrufen", revoked: "Die Einladung ist beendet.",
    tokens: "API-Tokens", tokensIntro: "Mit ihnen rufen Programme für diesen Kunden auf.", noTokens: "Für diesen Kunden gibt es kein API-Token.", lastUsed: "verwendet", never: "nie", noEnd: "ohne Ende", revokeTokenOf: "{{name}} widerrufen", revokeTokenText: "Programme mit diesem Token werden binnen einer Sekunde abgewiesen, und was damit offen ist, wird geschlossen.", tokenRevoked: "Das Token ist beendet.",
  },
});
