import { Button, Group, Stack, Text } from "@mantine/core";
import type { TypedDocumentNode } from "@urql/core";
import { type FormEvent, type ReactNode, useReducer, useRef, useState } from "react";
import type { Problem } from "@/gql/problem";
import { texts } from "@/lib/text";
import { ShowGraphQL } from "./show-graphql";
import { useAction } from "./use-action";

const useTexts = texts("mutation-form", { en: { cancel: "Cancel" }, de: { cancel: "Abbrechen" } });

/** What was written into the fields, by their names. */
export type Written = Record<string, string>;

const written = (form: HTMLFormElement | null): Written =>
  form ? Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)])) : {};

/** What people type there is not shown again. */
const hidden = "…";

/**
 * A form that is one mutation: what the panel says of a field stands beside it, and the
 * first of those gets the focus; everything else is a toast.
 */
export function MutationForm<Data, Variables extends object>(p: {
  document: TypedDocumentNode<Data, Variables>;
  variables: (values: Written) => Variables;
  /** The names of the fields that stand in the form, as the graph calls them. */
  fields: readonly string[];
  /** Those of them which "Show GraphQL" does not show. */
  secrets?: readonly string[];
  submit: string;
  color?: string;
  done?: string | ((data: Data) => string);
  /** False for mutations that take no idempotency key. */
  idempotent?: boolean;
  /** Why it cannot be sent now; it is shown. */
  blocked?: string | false;
  onDone?: (data: Data) => void;
  onCancel?: () => void;
  children?: (problem: (field: string) => string | undefined) => ReactNode;
}) {
  const t = useTexts();
  const form = useRef<HTMLFormElement>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const { run, busy } = useAction(p.document, { done: p.done, fields: p.fields, idempotent: p.idempotent });

  async function submit(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation(); // a form in a dialog of another form is not that one
    if (p.blocked) return;
    setProblems([]);
    const { data, problems: found } = await run(p.variables(written(form.current)));
    if (data) return p.onDone?.(data);
    setProblems(found);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  }

  const of = (name: string) => problems.find(({ field }) => field === name || field?.startsWith(`${name}.`))?.message;
  const shown = written(form.current);
  for (const name of p.secrets ?? []) if (shown[name]) shown[name] = hidden;
  return (
    <form ref={form} onSubmit={(event) => void submit(event)} onChange={redraw} noValidate>
      <Stack gap="md">
        {p.children?.(of)}
        {p.blocked && <Text size="sm" c="dimmed" role="status">{p.blocked}</Text>}
        <Group justify="space-between" gap="xs">
          <ShowGraphQL document={p.document} variables={p.variables(shown)} />
          <Group gap="xs">
            {p.onCancel && <Button variant="default" onClick={p.onCancel}>{t("cancel")}</Button>}
            <Button type="submit" color={p.color} loading={busy} disabled={Boolean(p.blocked)}>{p.submit}</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
