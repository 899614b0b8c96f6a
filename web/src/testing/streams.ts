import type { TypedDocumentNode } from "@urql/core";
import { act } from "@testing-library/react";
import { nameOf, textOf } from "@/gql/document";
import { vi } from "vitest";
import type { Refusal } from "@/gql/problem";
import type { Connection, Listener } from "@/gql/socket";
import { store } from "@/lib/store";

interface Open {
  name: string;
  variables: unknown;
  listener: Listener<unknown>;
}

/** The subscriptions that are open now, by the names of their operations. */
export const streams: Open[] = [];

/** What stands for the module of the socket: `vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket)`. */
export const socket = {
  connection: store<Connection>("idle"),
  resume: vi.fn(),
  listen<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables, listener: Listener<Data>): () => void {
    const open: Open = { name: nameOf(textOf(document)), variables, listener: listener as Listener<unknown> };
    streams.push(open);
    return () => void streams.splice(streams.indexOf(open), 1);
  },
};

/** The newest stream of a name; it throws when none is open. */
export function streamOf(name: string): Open {
  const open = streams.findLast((one) => one.name === name);
  if (!open) throw new Error(`no stream ${name} is open, but ${streams.map((one) => one.name).join(", ") || "none"}`);
  return open;
}

/** Something comes on a stream. */
export const comes = (name: string, data: unknown): void => act(() => streamOf(name).listener.next(data));
/** A stream cannot go on. */
export const breaks = (name: string, problem: Refusal): void => act(() => streamOf(name).listener.error?.(problem));
