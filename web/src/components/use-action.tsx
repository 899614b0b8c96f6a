import { createContext, use, useCallback } from "react";
import type { TypedDocumentNode } from "@urql/core";
import type { Problem } from "@/gql/problem";
import { useMutate } from "@/gql/use-mutate";
import { toastDone, toastProblem } from "./toasts";

/** Asks once more who is there; true when the action can be sent again. */
export const ConfirmContext = createContext<(problem: Problem) => Promise<boolean>>(async () => false);

/**
 * A mutation with what people see of it: a toast when it is done, and one that stays
 * when it is not, unless the problem belongs to one of the form's fields. It gives the
 * data, or the problems of the fields.
 */
export function useAction<Data, Variables extends object>(
  document: TypedDocumentNode<Data, Variables>,
  options: { done?: string | ((data: Data) => string); fields?: readonly string[]; idempotent?: boolean } = {},
): { run: (variables: Variables) => Promise<{ data?: Data; problems: Problem[] }>; busy: boolean } {
  const confirm = use(ConfirmContext);
  const [mutate, busy] = useMutate(document, confirm, options.idempotent ?? true);
  const { done, fields } = options;
  const run = useCallback(
    async (variables: Variables) => {
      const { data, problems } = await mutate(variables);
      if (data) {
        if (done) toastDone(typeof done === "string" ? done : done(data));
        return { data, problems: [] };
      }
      const besides = problems!.filter(({ field }) => !field || !fields?.some((name) => field === name || field.startsWith(`${name}.`)));
      for (const problem of besides) if (problem.code !== "STEP_UP_REQUIRED") toastProblem(problem); // the user closed the question
      return { problems: problems! };
    },
    [mutate, done, fields],
  );
  return { run, busy };
}
