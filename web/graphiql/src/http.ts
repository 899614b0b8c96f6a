/** One error of an answer. */
export interface AnswerError {
  message: string;
  extensions?: { code?: string; [more: string]: unknown };
  [more: string]: unknown;
}

export interface Answer {
  data?: unknown;
  errors?: AnswerError[];
  extensions?: unknown;
}

export const endpoint = "/graphql";

/** Sends one operation; errors are shown here, so their status need not be in the console, too. What is no answer of the graph becomes an error that says so. */
export async function post(params: object, headers: Record<string, string>): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(params),
      credentials: "omit",
    });
  } catch {
    return { errors: [{ message: "The panel does not answer." }] };
  }
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text.trim() || response.statusText}` }] };
  }
}
