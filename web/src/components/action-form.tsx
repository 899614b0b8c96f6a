import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import type { TypedDocumentNode } from "@urql/core";
import { type FormEvent, type ReactNode, use, useEffect, useReducer, useRef, useState } from "react";
import type { Problem } from "@/gql/problem";
import { texts } from "@/lib/text";
import { useSay } from "@/sentences/use-say";
import { Preview } from "./preview";
import { PutAside } from "./put-aside";
import { ShowGraphQL } from "./show-graphql";
import { useAction } from "./use-action";
import { usePreview } from "./use-preview";

const useTexts = texts("action-form", {
  en: { cancel: "Cancel", type: "Type {{name}} to confirm", sending: "Sending" },
  de: { cancel: "Abbrechen", type: "Zur Bestätigung {{name}} eingeben", sending: "Wird gesendet" },
});

/** What was written into the fields, by their names. */
export type Written = Record<string, string>;

const written = (form: HTMLFormElement | null): Written =>
  form ? Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)])) : {};

/** What people type there is not shown again. */
const hidden = "…";

/**
 * The form of one mutation: its fields, what it would do, what the panel says of each
 * field beside it with the focus in the first, and the same as GraphQL. Everything else
 * that the panel says is a toast.
 */
export function ActionForm<Data, Variables extends object>(p: {
  document: TypedDocumentNode<Data, Variables>;
  /** As they are to be sent, or made of what was written into the fields. */
  variables: NoInfer<Variables> | ((values: Written) => NoInfer<Variables>);
  /** Names of the input's fields that the form has, as its controls are named. */
  fields?: readonly string[];
  /** Those of them which "Show GraphQL" does not show. */
  secrets?: readonly string[];
  submit: string;
  danger?: boolean;
  /** What is told when it is done. */
  done?: string | ((data: Data) => string);
  /** False for mutations that take no idempotency key. */
  idempotent?: boolean;
  /** A name that has to be typed first, for what destroys. */
  typed?: string;
  /** Why it cannot be sent now; it is shown. */
  blocked?: string | false;
  /** Whether the panel is asked what would happen; the mutation then has a dry run. */
  preview?: boolean;
  /** Whether it uses quotas, which the preview then shows as they would be. */
  quotas?: boolean;
  onDone?: (data: Data) => void;
  onCancel?: () => void;
  children?: (error: (field: string) => string | undefined) => ReactNode;
}) {
  const t = useTexts();
  const say = useSay();
  const form = useRef<HTMLFormElement>(null);
  const fields = p.fields ?? [];
  const [typed, setTyped] = useState("");
  const [problems, setProblems] = useState<Problem[]>([]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  // Only once they are drawn: on a busy machine that takes more than a frame.
  useEffect(() => {
    if (problems.length > 0) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problems]);
  const { run, busy } = useAction(p.document, { done: p.done, fields, idempotent: p.idempotent });
  // What is tried again keeps what was typed, but no secret, and is confirmed once more.
  const aside = use(PutAside);
  const secrets = p.secrets?.join(" ");
  useEffect(() => {
    if (!aside) return;
    setTyped("");
    for (const name of secrets?.split(" ") ?? []) {
      const field = form.current?.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = "";
    }
  }, [aside, secrets]);
  const { variables } = p;
  const of = (values: Written): Variables => (typeof variables === "function" ? (variables as (values: Written) => Variables)(values) : variables);
  const values = written(form.current);
  const preview = usePreview(p.document, of(values), (p.preview ?? false) && !aside);
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value && p.secrets?.includes(name) ? hidden : value]));
  const about = (name: string) => ({ field }: Problem) => field === name || field?.startsWith(`${name}.`);
  const unsure = p.typed !== undefined && typed !== p.typed;

  async function submit(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation(); // a form in a dialog lies within the page's own for React
    if (unsure || p.blocked) return;
    setProblems([]);
    const { data, problems: found } = await run(of(written(form.current)));
    if (data) return p.onDone?.(data);
    setProblems(found);
  }

  return (
    <form ref={form} onSubmit={(event) => void submit(event)} onChange={redraw} noValidate>
      <Stack gap="md">
        {p.children?.((name) => {
          const found = problems.find(about(name));
          return found && say(found.message);
        })}
        {p.preview && <Preview state={preview} fields={fields} quotas={p.quotas ?? false} />}
        {p.typed !== undefined && (
          <TextInput label={t("type", { name: p.typed })} value={typed} onChange={({ currentTarget: { value } }) => setTyped(value)} autoComplete="off" spellCheck={false} data-autofocus={fields.length === 0 || undefined} />
        )}
        {p.blocked && <Text size="sm" c="dimmed" role="status">{p.blocked}</Text>}
        <Group justify="space-between" gap="xs">
          <ShowGraphQL document={p.document} variables={of(shown)} />
          <Group gap="xs">
            {p.onCancel && <Button variant="default" onClick={p.onCancel}>{t("cancel")}</Button>}
            <Button type="submit" color={p.danger ? "red" : undefined} loading={busy} loaderProps={{ "aria-label": t("sending") }} disabled={unsure || Boolean(p.blocked)}>{p.submit}</Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
