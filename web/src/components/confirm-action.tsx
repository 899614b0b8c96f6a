import { Stack, Text, TextInput } from "@mantine/core";
import type { TypedDocumentNode } from "@urql/core";
import { type ReactNode, useState } from "react";
import { texts } from "@/lib/text";
import { Dialog } from "./dialog";
import { MutationForm } from "./mutation-form";

const useTexts = texts("confirm-action", {
  en: { type: "Type {{name}} to confirm", blocked: "Type the name first" },
  de: { type: "Zur Bestätigung {{name}} eingeben", blocked: "Geben Sie erst den Namen ein" },
});

/** Asks before a mutation is sent: says what comes of it and, where something is lost, wants its name typed. */
export function ConfirmAction<Data, Variables extends object>(p: {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What comes of it. */
  children: ReactNode;
  document: TypedDocumentNode<Data, Variables>;
  variables: Variables;
  submit: string;
  done: string | ((data: Data) => string);
  /** The name to be typed. */
  typed?: string;
  harmless?: boolean;
  /** False for mutations that take no idempotency key. */
  idempotent?: boolean;
  onDone?: (data: Data) => void;
}) {
  return (
    <Dialog opened={p.opened} onClose={p.onClose} title={p.title}>
      <Question {...p} />
    </Dialog>
  );
}

function Question<Data, Variables extends object>(p: Parameters<typeof ConfirmAction<Data, Variables>>[0]) {
  const t = useTexts();
  const [name, setName] = useState("");
  return (
    <MutationForm
      document={p.document} variables={() => p.variables} fields={[]} submit={p.submit} done={p.done} color={p.harmless ? undefined : "red.8"} onCancel={p.onClose} idempotent={p.idempotent}
      blocked={p.typed !== undefined && name !== p.typed && t("blocked")}
      onDone={(data) => {
        p.onClose();
        p.onDone?.(data);
      }}
    >
      {() => (
        <Stack gap="sm">
          {typeof p.children === "string" ? <Text size="sm">{p.children}</Text> : p.children}
          {p.typed !== undefined && <TextInput label={t("type", { name: p.typed })} value={name} onChange={({ currentTarget: { value } }) => setName(value)} autoComplete="off" data-autofocus />}
        </Stack>
      )}
    </MutationForm>
  );
}
