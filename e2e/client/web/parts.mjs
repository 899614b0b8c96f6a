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

/** The lines of a job's log, as its page has them, and as the panel does. */
export const shownLog = (page, options) => page.getByRole("log").evaluate((log) => [...log.querySelectorAll("[title]")].map((at) => `${at.title} ${at.nextSibling.textContent.split("  ")[0]}`), undefined, options);
export async function toldLog(graph, id) {
  const { job } = await graph("query ($id: ID!) { job(id: $id) { events(first: 100) { at kind } } }", { id });
  return job.events.map(({ at, kind }) => `${at} ${kind}`);
}

/** A name as SQL has it, and a text. */
export const name = (text) => `"${text.replaceAll('"', '""')}"`;
export const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/** Makes a role that bears this installation's mark, and is nobody's: one with the mark of a row that is not there. */
export const strayRole = (role) => `DO $do$ BEGIN
  CREATE ROLE ${name(role)};
  EXECUTE format('COMMENT ON ROLE %I IS %L', ${literal(role)}, (
    SELECT regexp_replace(shobj_description(oid, 'pg_authid'), '[0-9a-f-]{36}$', '') || gen_random_uuid()
    FROM pg_authid WHERE shobj_description(oid, 'pg_authid') ~ '[0-9a-f-]{36}$' LIMIT 1));
END $do$`;

/** Looks twice at what is on a database server: what was seen once only may be gone. */
export async function surveyTwice(graph, id) {
  for (const _ of [1, 2]) await graph("mutation ($input: SurveyDatabaseServerInput!) { surveyDatabaseServer(input: $input) { databaseServer { id } } }", { input: { id } });
}

/** Answers one operation of a page in another way: `how` is given the route, and may ask the panel itself. */
export const answer = (page, operation, how) =>
  page.route("**/graphql", (route) => (route.request().postDataJSON()?.operationName === operation ? how(route) : route.fallback()));

/** The palette's field. */
export const palette = (page) => page.getByRole("combobox", { name: "Search", exact: true });

/** Opens what the palette finds first, as soon as one sees and hears that it is chosen. */
export async function choose(page, text) {
  await page.keyboard.press("Control+k");
  await palette(page).fill(text);
  await page.getByRole("dialog").getByRole("option", { name: new RegExp(text, "i"), selected: true }).and(page.locator("[data-selected]")).waitFor();
  await page.keyboard.press("Enter");
  await palette(page).waitFor({ state: "detached" });
}

/** Acts as the user whose page is open. */
export async function actAs(page, reason) {
  await page.getByRole("button", { name: "View as this user" }).click();
  const ask = page.getByRole("dialog", { name: "View as" });
  await ask.getByLabel("Reason").fill(reason);
  await ask.getByRole("button", { name: "View as this user" }).click();
}
