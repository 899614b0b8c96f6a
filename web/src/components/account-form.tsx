import { Alert, Box, Button, Group, Stack } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import type { TypedDocumentNode } from "@urql/core";
import { type FormEvent, type ReactNode, Suspense, useRef, useState } from "react";
import { type Problem, problemsOf } from "@/gql/problem";
import { lazyPart } from "@/lib/lazy-part";
import { useSay } from "@/sentences/use-say";
import type { ShowGraphQL as Show } from "./show-graphql";
import { useSentence } from "./use-sentence";

// These pages are small, and nobody asks for it in the first moment.
const ShowGraphQL = lazyPart<Parameters<typeof Show<unknown, never>>[0]>(async () => (await import("./show-graphql")).ShowGraphQL);

/** The problem of each field, and what concerns the form as a whole. */
export interface Problems {
  of(field: string): string | undefined;
  rest: Problem[];
}

/**
 * A form that is sent once at a time, and shows what the panel says of each field
 * beside it, the first of them with the focus.
 */
export function AccountForm(p: {
  fields: string[];
  /** What is sent, and the fields of its input: both are shown, and nothing of what was written, which is secret for the most part. */
  document: TypedDocumentNode<unknown, never>;
  input: string[];
  submit: string;
  busyLabel: string;
  /** Sends what was written; what it throws is shown. */
  onSubmit: (values: Record<string, string>) => Promise<void>;
  /** Says a problem of the form in the page's own words; "" says nothing, undefined leaves the usual ones. */
  say?: (problem: Problem) => string | undefined;
  children: (problems: Problems) => ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [problems, setProblems] = useState<Problem[]>([]);
  const [busy, setBusy] = useState(false);
  const running = useRef(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setProblems([]);
    const values = Object.fromEntries([...new FormData(form.current!)].map(([name, value]) => [name, String(value)]));
    try {
      await p.onSubmit(values);
    } catch (error) {
      const found = problemsOf(error);
      setProblems(found);
      const first = p.fields.find((name) => found.some(({ field }) => field === name));
      if (first) requestAnimationFrame(() => (form.current?.elements.namedItem(first) as HTMLElement | null)?.focus());
    } finally {
      running.current = false;
      setBusy(false);
    }
  }

  const sentence = useSentence();
  const say = useSay();
  const rest = problems.filter(({ field }) => field === undefined || !p.fields.includes(field));
  const said = rest.map((problem) => p.say?.(problem) ?? sentence(problem)).filter((text) => text !== "");
  const of = (name: string) => {
    const found = problems.find(({ field }) => field === name);
    return found && say(found.message);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack gap="md">
        {p.children({ of, rest })}
        <div role="alert">
          {said.length > 0 && (
            <Alert role="presentation" color="red" icon={<IconAlertCircle aria-hidden />} variant="light">
              {said.join(" ")}
            </Alert>
          )}
        </div>
        <Group gap="xs" wrap="nowrap">
          <Button type="submit" flex={1} loading={busy} loaderProps={{ "aria-label": p.busyLabel }}>
            {p.submit}
          </Button>
          <Box w={34} h={34}>
            <Suspense><ShowGraphQL document={p.document as TypedDocumentNode<unknown, never>} variables={{ input: Object.fromEntries(p.input.map((name) => [name, ""])) }} /></Suspense>
          </Box>
        </Group>
      </Stack>
    </form>
  );
}
