import { Loader, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { texts } from "@/lib/text";
import { Select } from "./select";
import { useMay } from "./use-viewer";

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

const useTexts = texts("customer-select", {
  en: { none: "No customer is called that", loading: "Loading" },
  de: { none: "So heißt kein Kunde", loading: "Wird geladen" },
});

/** One of the customers that the viewer may see, found by typing a part of the name, the address or the company; nothing for who may see none. */
export function CustomerSelect({ label, bare, value, onChange, ...others }: Pick<SelectProps, "name" | "description" | "placeholder" | "clearable" | "error" | "w" | "size"> & {
  label: string;
  /** Whether the label is heard and not seen. */
  bare?: boolean;
  value: string | null;
  onChange: (id: string | null) => void;
}) {
  const t = useTexts();
  const may = useMay();
  const none = !may("CUSTOMERS_READ");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const [chosen] = useQuery({ query: CHOSEN_CUSTOMER, variables: { id: value ?? "" }, pause: none || value === null, requestPolicy: "cache-first" });
  const name = value === null ? undefined : chosen.data?.customer?.id === value ? chosen.data.customer.name : undefined;
  const search = asked === name ? "" : asked; // what is written of the one chosen is not looked for
  const [{ data, fetching }] = useQuery({ query: CHOOSE_CUSTOMER, variables: { text: search || undefined }, pause: none });
  if (none) return null;
  const found = data?.customers.nodes ?? [];
  const options = found.map((c) => ({ value: c.id, label: found.some((o) => o.id !== c.id && o.name === c.name) ? `${c.name} (${c.email})` : c.name }));
  if (value !== null && name !== undefined && !options.some((option) => option.value === value)) options.unshift({ value, label: name });
  return (
    <Select
      {...others} {...(bare ? { "aria-label": label } : { label })} data={options} value={value} onChange={onChange} limit={21}
      searchable searchValue={text} onSearchChange={setText} filter={({ options: all }) => all} nothingFoundMessage={t("none")}
      clearButtonProps={{ "aria-label": `${label}: ×` }} rightSection={fetching && search ? <Loader size={14} aria-label={t("loading")} /> : undefined}
    />
  );
}
