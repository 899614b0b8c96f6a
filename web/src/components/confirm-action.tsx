import { Text } from "@mantine/core";
import type { TypedDocumentNode } from "@urql/core";
import type { ReactNode } from "react";
import { ActionForm } from "./action-form";
import { Dialog } from "./dialog";

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
      <ActionForm
        document={p.document} variables={p.variables} submit={p.submit} done={p.done} danger={!p.harmless} typed={p.typed} idempotent={p.idempotent} onCancel={p.onClose}
        onDone={(data) => {
          p.onClose();
          p.onDone?.(data);
        }}
      >
        {() => (typeof p.children === "string" ? <Text size="sm">{p.children}</Text> : p.children)}
      </ActionForm>
    </Dialog>
  );
}
