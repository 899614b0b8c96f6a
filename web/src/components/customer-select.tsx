import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { texts } from "@/lib/text";

const CHOOSE_CUSTOMER = graphql(`
  query ChooseCustomer($text: String) {
    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }
  }
`);

const CHOSEN_CUSTOMER = graphql(`
  query ChosenCustomer($id: ID!) {
    customer(id: $id) { id name }
  }
`);

const useTexts = texts("customer-select", { en: { none: "No customer is called that" }, de: { none: "So heißt kein Kunde" } });

/** A customer, found by typing a part of the name, the address or the company. */
export function CustomerSelect(p: {
  label: string;
  /** Whether the label is heard and not seen. */
  bare?: boolean;
  value: string | null;
  onChange: (id: string | null) => void;
  placeholder?: string;
  clearable?: boolean;
  error?: string;
  name?: string;
  w?: React.ComponentProps<typeof Select>["w"];
  size?: string;
}) {
  const t = useTexts();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const [chosen] = useQuery({ query: CHOSEN_CUSTOMER, variables: { id: p.value ?? "" }, pause: p.value === null, requestPolicy: "cache-first" });
  const name = p.value === null ? undefined : chosen.data?.customer?.id === p.value ? chosen.data.customer.name : undefined;
  const search = asked === name ? "" : asked; // what is written of the one chosen is not looked for
  const [{ data }] = useQuery({ query: CHOOSE_CUSTOMER, variables: { text: search || undefined } });
  const found = data?.customers.nodes ?? [];
  const options = found.map((c) => ({ value: c.id, label: found.some((o) => o.id !== c.id && o.name === c.name) ? `${c.name} (${c.email})` : c.name }));
  if (p.value !== null && name !== undefined && !options.some(({ value }) => value === p.value)) options.unshift({ value: p.value, label: name });
  return (
    <Select
      {...(p.bare ? { "aria-label": p.label } : { label: p.label })} name={p.name} data={options} value={p.value} onChange={p.onChange} error={p.error} w={p.w} size={p.size}
      placeholder={p.placeholder} clearable={p.clearable} searchable searchValue={text} onSearchChange={setText} filter={({ options: all }) => all} nothingFoundMessage={t("none")}
      clearButtonProps={{ "aria-label": `${p.label}: ×` }} limit={21}
    />
  );
}
