// Sends one operation over HTTP.
// In: {url, token?, headers?, query, variables?}. Out: {status, body}.
import { input, print } from "./stdin.mjs";

const headers = { "Content-Type": "application/json", ...input.headers };
if (input.token) headers.Authorization = `Bearer ${input.token}`;
const res = await fetch(`${input.url}/graphql`, {
  method: "POST",
  headers,
  body: JSON.stringify({ query: input.query, variables: input.variables }),
});
print({ status: res.status, body: await res.json() });
