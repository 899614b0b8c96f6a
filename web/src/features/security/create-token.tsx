import { Checkbox, Fieldset, Input, MultiSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { CustomerSelect } from "@/components/customer-select";
import { Select, useLateOptions } from "@/components/select";
import { useLookup } from "@/components/use-lookup";
import { type Permission, useMay } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { fromClock, toClock } from "@/lib/clock-field";
import { timeZone } from "@/lib/format";
import { groups, ofDatabases, usePermissionText } from "@/components/permissions";
import { useTexts } from "./texts";

const CREATE = graphql(`
  mutation CreateApiToken($input: CreateApiTokenInput!) {
    createApiToken(input: $input) { apiToken { id } token }
  }
`);

const DATABASES = graphql(`
  query DatabasesToPin($search: String, $customerId: ID) {
    databases(first: 50, filter: { search: $search, customerId: $customerId }) { nodes { id name customer { name } } }
  }
`);

const days = ["7", "30", "90", "365"] as const;
const day = 86_400_000;

/** A new token; the token itself is given to onDone, null when it was shown before. */
export function CreateToken(p: { onCancel: () => void; onDone: (token: string | null) => void }) {
  const t = useTexts();
  const may = useMay();
  const label = usePermissionText();
  const [permissions, setPermissions] = useState<Permission[]>([]);
  const [customer, setCustomer] = useState<string | null>(null);
  const [pinned, setPinned] = useState<string[]>([]);
  const [cidrs, setCidrs] = useState<string[]>([]);
  const [expiry, setExpiry] = useState<string>("90");
  const [until, setUntil] = useState<string | undefined>();
  const [opened] = useState(() => Date.now()); // so that what is sent again is the same
  const expiresAt = expiry === "never" ? null : expiry === "date" ? until : new Date(opened + Number(expiry) * day).toISOString();
  const offered = groups.map(({ name, permissions: all }) => ({ name, all: all.filter((one) => may(one)) })).filter(({ all }) => all.length > 0);
  const blocked = permissions.length === 0 ? t("choosePermission") : expiry === "date" && !until ? t("chooseDate") : false;

  return (
    <ActionForm
      document={CREATE} fields={["name", "permissions", "customerId", "objectIds", "cidrs", "expiresAt"]} submit={t("createToken")} done={t("tokenCreated")} blocked={blocked} onCancel={p.onCancel}
      variables={(v) => ({ input: { name: v.name ?? "", permissions, customerId: customer, objectIds: pinned.length ? pinned : null, cidrs: cidrs.length ? cidrs : null, expiresAt } })}
      onDone={({ createApiToken }) => p.onDone(createApiToken.token ?? null)}
    >
      {(of) => (
        <Stack>
          <TextInput name="name" label={t("tokenName")} description={t("tokenNameHint")} autoComplete="off" error={of("name")} data-autofocus />
          <Checkbox.Group value={permissions} onChange={(chosen) => setPermissions(chosen as Permission[])} label={t("tokenMay")} description={t("tokenMayHint")} error={of("permissions")}>
            <Stack gap="xs" mt="xs">
              {offered.map(({ name, all }) => (
                <Fieldset key={name} legend={label(name)} p="sm">
                  <Stack gap="xs">{all.map((one) => <Checkbox key={one} value={one} label={label(one)} disabled={pinned.length > 0 && !ofDatabases.includes(one)} />)}</Stack>
                </Fieldset>
              ))}
            </Stack>
          </Checkbox.Group>
          <CustomerSelect clearable label={t("tokenCustomer")} description={t("tokenCustomerHint")} placeholder={t("everywhere")} value={customer} onChange={setCustomer} error={of("customerId")} />
          {may("DATABASES_READ") && (
            <Pinned
              customer={customer} value={pinned} error={of("objectIds")}
              onChange={(ids) => {
                setPinned(ids);
                if (ids.length > 0) setPermissions((all) => all.filter((one) => ofDatabases.includes(one)));
              }}
            />
          )}
          <TagsInput label={t("tokenNetworks")} description={t("tokenNetworksHint")} placeholder={cidrs.length ? undefined : "203.0.113.0/24"} value={cidrs} onChange={setCidrs} splitChars={[",", " "]} acceptValueOnBlur error={of("cidrs")} />
          <Select
            label={t("tokenExpiry")} allowDeselect={false} value={expiry} onChange={(value) => setExpiry(value ?? "90")} error={expiry === "date" ? undefined : of("expiresAt")}
            data={[...days.map((n) => ({ value: n, label: t("inDays", { count: Number(n) }) })), { value: "date", label: t("atDate") }, { value: "never", label: t("untilRevoked") }]}
          />
          {expiry === "date" && <TextInput type="datetime-local" label={t("until")} description={timeZone.get()} defaultValue={toClock(until)} onChange={({ currentTarget: { value } }) => setUntil(fromClock(value))} error={of("expiresAt")} />}
          {expiry === "never" && <Input.Description>{t("untilRevokedHint")}</Input.Description>}
        </Stack>
      )}
    </ActionForm>
  );
}

function Pinned(p: { customer: string | null; value: string[]; onChange: (ids: string[]) => void; error?: string }) {
  const t = useTexts();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const [result, retry] = useQuery({ query: DATABASES, variables: { search: asked || null, customerId: p.customer } });
  const { answered, says } = useLookup({ text: text.trim(), asked, result, retry, none: t("noDatabase") });
  const [known, setKnown] = useState<Record<string, string>>({}); // also of those chosen that are not found now
  const found = Object.fromEntries(((answered && result.data?.databases.nodes) || []).map(({ id, name, customer }) => [id, `${name} (${customer.name})`]));
  const late = useLateOptions({});
  const names = { ...Object.fromEntries(p.value.map((id) => [id, known[id] ?? id])), ...found };
  return (
    <MultiSelect
      label={t("tokenDatabases")} description={t("tokenDatabasesHint")} placeholder={p.value.length ? undefined : t("allDatabases")} searchable clearable clearButtonProps={{ "aria-label": "×" }}
      data={Object.entries(names).map(([value, name]) => ({ value, label: name }))} {...says} value={p.value} onSearchChange={setText} error={p.error} {...late}
      onChange={(ids) => {
        setKnown((all) => ({ ...all, ...found }));
        p.onChange(ids);
      }}
    />
  );
}
