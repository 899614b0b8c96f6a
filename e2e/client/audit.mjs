// Has graphql-http judge a server's GraphQL over HTTP.
// In: {url}. Out: {id, name, status, reason} of each; status is ok, notice, warn or error.
import { serverAudits } from "graphql-http";
import { input, print } from "./stdin.mjs";

for (const audit of serverAudits({ url: `${input.url}/graphql`, fetchFn: fetch })) {
  const { status, reason } = await audit.fn();
  print({ id: audit.id, name: audit.name, status, reason });
}
