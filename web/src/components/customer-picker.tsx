import { Loader, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { texts } from "@/lib/text";
import { useMay } from "./use-viewer";

const useTexts = texts("customer-picker", {
  en: { none: "No customer is called that.", loading: "Loading" },
  de: { none: "Kein Kunde heißt so.", loading: "Wird geladen" },
});

const FIND = graphql(`
  query CustomersToSelect($search: String) {
    customers(first: 20, filter: { search: $search }) { nodes { id name } }
  }
`);

const ONE = graphql(`
  query CustomerSelected($id: ID!) {
    customer(id: $id) { id name }
  }
`);

/** One of the customers that the viewer may see, found by name; nothing for who may see none. */
export function CustomerPicker(p: Omit<SelectProps, "data" | "onChange" | "value"> & { value: string | null; onChange: (id: string | null) => void }) {
  const t = useTexts();
  const may = useMay();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const [{ data, fetching }] = useQuery({ query: FIND, variables: { search: asked || null }, pause: !may("CUSTOMERS_READ") });
  const [one] = useQuery({ query: ONE, variables: { id: p.value ?? "" }, pause: p.value === null || !may("CUSTOMERS_READ") });
  if (!may("CUSTOMERS_READ")) return null;
  const found = (data?.customers.nodes ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const chosen = one.data?.customer;
  if (p.value !== null && chosen && !found.some(({ value }) => value === chosen.id)) found.unshift({ value: chosen.id, label: chosen.name });
  return (
    <Select
      searchable clearable nothingFoundMessage={t("none")} {...p} data={found} onSearchChange={setText} clearButtonProps={{ "aria-label": "×" }}
      filter={({ options }) => options} rightSection={fetching && asked ? <Loader size={14} aria-label={t("loading")} /> : undefined}
    />
  );
}
