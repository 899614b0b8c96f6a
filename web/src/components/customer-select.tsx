import { Loader, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { texts } from "@/lib/text";
import { Select } from "./select";
import { useLookup } from "./use-lookup";
import { useMay } from "./use-viewer";

const CHOOSE_CUSTOMER = graphql(`
  query ChooseCustomer($text: String) {
    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }
  }
`);

const CHOSEN_CUSTOMER = graphql(`
  query ChosenCustomer($id: ID!) {
    customer(id: $id) { id name email }
  }
`);

const useTexts = texts("customer-select", {
  en: { none: "No customer is called that", loading: "Loading" },
  de: { none: "So heißt kein Kunde", loading: "Wird geladen" },
});

const named = (c: { name: string; email: string }) => `${c.name} (${c.email})`;

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
  const known = value !== null && chosen.data?.customer?.id === value ? chosen.data.customer : undefined;
  const sought = (written: string) => (known && [known.name, named(known)].includes(written) ? "" : written); // what is written of the one chosen is not looked for
  const search = sought(asked);
  const [result, retry] = useQuery({ query: CHOOSE_CUSTOMER, variables: { text: search || undefined }, pause: none });
  const { answered, says } = useLookup({ text: sought(text.trim()), asked: search, result, retry, none: t("none") });
  if (none) return null;
  const found = result.data?.customers.nodes ?? [];
  const options = found.map((c) => ({ value: c.id, label: found.some((o) => o.id !== c.id && o.name === c.name) ? named(c) : c.name }));
  const missing = known && !found.some(({ id }) => id === known.id) ? [{ value: known.id, label: known.name }] : [];
  return (
    <Select
      {...others} {...(bare ? { "aria-label": label } : { label })} data={[...missing, ...options]} value={value} onChange={onChange} limit={21}
      searchable searchValue={text} onSearchChange={setText} filter={({ options: all }) => (answered ? all.slice(search ? missing.length : 0) : [])} {...says}
      clearButtonProps={{ "aria-label": `${label}: ×` }} rightSection={result.fetching && search ? <Loader size={14} aria-label={t("loading")} /> : undefined}
    />
  );
}
