// Users beside the administrator, and the graph as they ask it.
import { linkTo } from "./mailbox.mjs";
import { totp } from "./totp.mjs";

/** Invites somebody, and accepts it for them. */
async function join(graph, url, invitation, password) {
  await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { ...invitation, language: "EN" } });
  const token = new URL(await linkTo(url, invitation.email, "Invitation")).hash.slice(1);
  await graph("mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { email } }", { input: { token, name: invitation.name, password } });
}

/** Makes a user of the staff by an invitation. */
export const user = (graph, url, { email, name, password, role = "SUPPORT" }) => join(graph, url, { email, name, providerRole: role }, password);

/** Makes a user with a role in a customer, by an invitation that is accepted, and gives what they sign in with. */
export async function memberOf(graph, url, customerId, email, customerRole = "OWNER") {
  const password = "nobody guesses this one";
  await join(graph, url, { email, name: `Member ${email.split("@")[0]}`, customerId, customerRole }, password);
  return { email, password };
}

/** Signs a user in past the pages, and gives what asks the graph as that user. */
export async function graphAs(url, email, password) {
  const ask = async (query, variables = {}, authorization) => {
    const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json", ...(authorization && { Authorization: `Bearer ${authorization}` }) }, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { signIn } = await ask("mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }", { input: { email, password } });
  return (query, variables) => ask(query, variables, signIn.accessToken);
}

/** Turns the authenticator app on for who asks; the next code is of step 1, see totp. */
export async function secondFactor(asUser) {
  const { beginTotp } = await asUser("mutation { beginTotp { otpauthUrl } }");
  const secret = new URL(beginTotp.otpauthUrl).searchParams.get("secret");
  const { confirmTotp } = await asUser("mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes } }", { input: { code: totp(secret) } });
  return { secret, recoveryCodes: confirmTotp.recoveryCodes };
}
