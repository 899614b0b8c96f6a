// What several tests do past the pages, to have something to look at.

/** Makes a customer, and gives its id. */
export async function customerOf(graph, name, more = {}) {
  const { createCustomer } = await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", {
    input: { name, email: `${name.toLowerCase().replaceAll(/\W+/g, "-")}@example.com`, ...more },
  });
  return createCustomer.customer.id;
}

/** Makes a database, and waits until it is there. */
export async function databaseOf(graph, customerId, name) {
  const { createDatabase } = await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { database { id } job { id } } }", { input: { customerId, name } });
  await overOf(graph, createDatabase.job.id);
  return { id: createDatabase.database.id, job: createDatabase.job.id };
}

/** Waits for the end of a job, and gives its state. */
export async function overOf(graph, id) {
  for (let i = 0; i < 1200; i++) {
    const { job } = await graph("query ($id: ID!) { job(id: $id) { state finishedAt } }", { id });
    if (job.finishedAt) return job.state;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error("the job is not over");
}

/** Waits for the newest mail to an address in which something is written, and gives what that is. */
export async function mailed(url, address, pattern) {
  for (let i = 0; i < 300; i++) {
    const list = await (await fetch(`${url}/mailbox`)).text();
    for (const [, letter] of list.matchAll(/href="(\/mailbox\/[0-9a-f-]{36})"/g)) {
      const text = await (await fetch(url + letter)).text();
      const found = text.includes(address) && pattern.exec(text);
      if (found) return found[1];
    }
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(`no mail to ${address} has ${pattern}`);
}

/** Makes a user with a role in a customer, by an invitation that is accepted, and gives what they sign in with. */
export async function memberOf(graph, url, customerId, email, customerRole = "OWNER") {
  await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email, name: `Member ${email.split("@")[0]}`, customerId, customerRole } });
  const token = await mailed(url, email, /\/invitation#([\w-]+)/);
  const password = "nobody guesses this one";
  await graph("mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { email } }", { input: { token, password } });
  return { email, password };
}
