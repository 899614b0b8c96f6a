import { Autocomplete, Badge, Button, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { useActionTitle } from "@/components/action-titles";
import { useTexts } from "@/components/audit-texts";
import { CustomerSelect } from "@/components/customer-select";
import { Select, useLateOptions } from "@/components/select";
import { TimeField } from "@/components/time-field";
import type { How } from "@/components/use-address";
import { useLookup } from "@/components/use-lookup";
import { useMay } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { addressOf } from "./address";
import type { AuditSearch } from "./operations";

const FIND = graphql(`
  query Actors($search: String) {
    users(first: 20, filter: { search: $search }) { nodes { id name email } }
  }
`);

const ONE = graphql(`
  query Actor($id: ID!) {
    node(id: $id) { __typename id ... on User { name email } }
  }
`);

/** Text is no step of the history while it is typed. */
const typing: How = { replace: true };

/** Which entries; all of it stands in the address. */
export function Filters(p: { search: AuditSearch; set: (patch: Partial<AuditSearch>, how?: How) => void; actions: string[] }) {
  const t = useTexts();
  const may = useMay();
  const { search, set } = p;
  const action = useTyped(search.action, (text) => text || undefined, (action) => set({ action }, typing));
  const ip = useTyped(
    search.ip,
    (text) => (text === "" ? undefined : (addressOf(text) ?? search.ip)),
    (found) => set({ ip: found }, typing),
  );
  const late = useLateOptions({ comboboxProps: { width: 280, position: "bottom-start" } });
  const strange = ip.settled && ip.value.trim() !== "" && addressOf(ip.value) === undefined;
  const any = Boolean(search.actor || search.customer || search.action || search.object || search.ip || search.allowed || search.from || search.to);
  function clear() {
    action.clear();
    ip.clear();
    set({ actor: undefined, customer: undefined, action: undefined, object: undefined, ip: undefined, allowed: undefined, from: undefined, to: undefined });
  }
  return (
    <Group gap="xs" align="flex-end">
      {may("USERS_READ") && <ActorPicker value={search.actor ?? null} onChange={(actor) => set({ actor: actor ?? undefined })} />}
      <Autocomplete value={action.value} onChange={action.onChange} label={t("action")} placeholder="database.create" data={p.actions} renderOption={({ option }) => <Named action={option.value} />} {...late} w={{ base: "calc(50% - 5px)", xs: 150 }} />
      <CustomerSelect clearable label={t("customer")} placeholder={t("anyCustomer")} value={search.customer ?? null} onChange={(customer) => set({ customer: customer ?? undefined })} w={{ base: "calc(50% - 5px)", xs: 150 }} />
      <Select
        label={t("outcome")} placeholder={t("anyOutcome")} clearable clearButtonProps={{ "aria-label": "×" }} value={search.allowed ?? null} onChange={(allowed) => set({ allowed: (allowed as AuditSearch["allowed"]) ?? undefined })}
        data={[{ value: "yes", label: t("done") }, { value: "no", label: t("refused") }]} w={{ base: "calc(50% - 5px)", xs: 105 }}
      />
      <TextInput value={ip.value} onChange={({ currentTarget: { value } }) => ip.onChange(value)} label={t("ipOrNetwork")} placeholder="203.0.113.0/24" error={strange && t("noAddress")} autoComplete="off" spellCheck={false} w={{ base: "calc(50% - 5px)", xs: 165 }} />
      {(["from", "to"] as const).map((end) => (
        <TimeField key={end} end={end} value={search[end]} onChange={(at) => set({ [end]: at })} />
      ))}
      <Checkbox label={t("renewals")} checked={search.renewals ?? false} onChange={({ currentTarget: { checked } }) => set({ renewals: checked || undefined })} mb={8} />
      {search.object && <Badge size="lg" color="gray">{t("oneObject")}</Badge>}
      {any && <Button variant="subtle" onClick={clear}>{t("clear")}</Button>}
    </Group>
  );
}

/** An action in words, with its code, which is what is looked for. */
function Named(p: { action: string }) {
  const title = useActionTitle()(p.action);
  return <Stack gap={0}><Text span size="sm">{title}</Text>{title !== p.action && <Text span size="xs" c="dimmed">{p.action}</Text>}</Stack>;
}

/** A field whose text goes into the address a while after it was typed. */
interface Typed {
  value: string;
  onChange: (text: string) => void;
  /** Empties the field, and sends nothing of what was in it. */
  clear: () => void;
  /** Whether nobody types any more. */
  settled: boolean;
}

/**
 * `read` is told the text once nobody types any more, and gives what goes into the address
 * and to `send`. What comes there from elsewhere goes into the field, and takes the place
 * of what was being typed.
 */
function useTyped(value: string | undefined, read: (text: string) => string | undefined, send: (value: string | undefined) => void): Typed {
  const [text, setText] = useState(value ?? "");
  const [settled, setSettled] = useState(true);
  const sent = useRef(value);
  const settle = useDebouncedCallback((typed: string) => {
    setSettled(true);
    const now = read(typed.trim());
    if (now === sent.current) return;
    sent.current = now;
    send(now);
  }, 400);
  function become(now: string | undefined) {
    settle.cancel();
    sent.current = now;
    setText(now ?? "");
    setSettled(true);
  }
  useEffect(() => {
    if (value !== sent.current) become(value);
  }, [value]);
  return {
    value: text, settled, clear: () => become(undefined),
    onChange: (typed) => {
      setText(typed);
      setSettled(false);
      settle(typed);
    },
  };
}

const named = (user: { name: string; email: string }) => `${user.name} (${user.email})`;

function ActorPicker(p: { value: string | null; onChange: (id: string | null) => void }) {
  const t = useTexts();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const [one] = useQuery({ query: ONE, variables: { id: p.value ?? "" }, pause: p.value === null });
  const chosen = one.data?.node?.__typename === "User" ? one.data.node : undefined;
  const sought = (written: string) => (chosen && written === named(chosen) ? "" : written); // what is written of the one chosen is not looked for
  const search = sought(asked);
  const [result, retry] = useQuery({ query: FIND, variables: { search: search || null } });
  const { answered, says } = useLookup({ text: sought(text.trim()), asked: search, result, retry, none: t("noUser") });
  const found = (result.data?.users.nodes ?? []).map((one) => ({ value: one.id, label: named(one) }));
  const missing = chosen && !found.some(({ value }) => value === chosen.id) ? [{ value: chosen.id, label: named(chosen) }] : [];
  return (
    <Select
      label={t("actor")} placeholder={t("anybody")} searchable clearable clearButtonProps={{ "aria-label": "×" }} data={[...missing, ...found]} value={p.value} onChange={p.onChange} onSearchChange={setText}
      filter={({ options }) => (answered ? options.slice(search ? missing.length : 0) : [])} {...says} w={{ base: "calc(50% - 5px)", xs: 160 }}
    />
  );
}
