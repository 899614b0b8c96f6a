import { NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { CustomerSelect } from "@/components/customer-select";
import { OrderDialog, type Ordered } from "@/components/order-dialog";
import { Select } from "@/components/select";
import { useOnlyCustomer } from "@/components/use-first-customers";
import { useIsStaff, useMay, useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { CREATE } from "./operations";
import { useTexts } from "./texts";

const SERVERS = graphql(`
  query ServersForDatabases {
    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }
  }
`);

const PREFIX = graphql(`
  query DatabasePrefix($customerId: ID!) {
    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }
  }
`);

/** Creates a database: whose, under which name, and then its steps live and its credentials once. */
export function CreateDatabase(p: { opened: boolean; onClose: () => void; customerId?: string }) {
  const t = useTexts();
  return (
    <OrderDialog drawer opened={p.opened} onClose={p.onClose} title={t("create")} ifFailed={t("createFailed")}>
      {(onOrdered) => <CreateForm customerId={p.customerId} onOrdered={onOrdered} onCancel={p.onClose} />}
    </OrderDialog>
  );
}

function CreateForm(p: { customerId?: string; onOrdered: (ordered: Ordered) => void; onCancel: () => void }) {
  const t = useTexts();
  const navigate = useNavigate();
  const staff = useIsStaff();
  const may = useMay();
  const { impersonatedBy } = useViewer();
  const chooses = staff && may("SERVERS_READ");
  const [customer, setCustomer] = useState<string | null>(p.customerId ?? null);
  const [name, setName] = useState("");
  const [limit, setLimit] = useState<number | string>(20);
  const [server, setServer] = useState<string | null>(null);
  const only = useOnlyCustomer();
  useEffect(() => {
    if (only) setCustomer((chosen) => chosen ?? only);
  }, [only]);
  const [servers] = useQuery({ query: SERVERS, pause: !chooses });
  const [known] = useQuery({ query: PREFIX, variables: { customerId: customer ?? "" }, pause: customer === null });
  const other = customer === null ? undefined : known.data?.databases.nodes[0];
  // The prefix is the server's own: it is told by a database that the customer has already.
  const prefix = other && other.externalName.endsWith(other.name) ? other.externalName.slice(0, -other.name.length) : undefined;
  const input = { customerId: customer ?? "", serverId: server, name: name.trim(), connectionLimit: limit === "" ? undefined : Number(limit) };

  return (
    <ActionForm
      document={CREATE} variables={{ input }} fields={["customerId", "name", "connectionLimit", "serverId"]} submit={t("create")} done={t("creating")} onCancel={p.onCancel}
      quotas preview={customer !== null && name.trim() !== ""} blocked={impersonatedBy ? t("notActing") : customer === null ? t("customerFirst") : undefined}
      onDone={({ createDatabase: { job, credentials, database } }) =>
        p.onOrdered({ job, credentials: credentials ?? null, then: database ? () => void navigate({ to: "/databases/$id", params: { id: database.id } }) : undefined })}
    >
      {(error) => (
        <Stack gap="md">
          <CustomerSelect name="customerId" label={t("customer")} placeholder={t("customerHint")} value={customer} onChange={setCustomer} error={error("customerId")} />
          <TextInput
            name="name" label={t("name")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} description={t("nameHint")}
            autoComplete="off" spellCheck={false} required
          />
          <Text size="sm" c="dimmed" role="status">{prefix === undefined ? t("prefixLater") : name.trim() === "" ? t("prefixIs", { prefix }) : t("prefixed", { name: `${prefix}${name.trim()}` })}</Text>
          <NumberInput name="connectionLimit" label={t("connectionLimit")} description={t("connectionLimitHint")} value={limit} onChange={setLimit} min={1} max={100} clampBehavior="none" allowDecimal={false} error={error("connectionLimit")} />
          {chooses && (
            <Select
              name="serverId" label={t("server")} placeholder={t("anyServer")} value={server} onChange={setServer} clearable error={error("serverId")} clearButtonProps={{ "aria-label": t("anyServer") }}
              data={(servers.data?.databaseServers.nodes ?? []).map((s) => ({
                value: s.id, disabled: s.blocked || !s.reachable || s.maintenance !== null,
                label: `${s.name} (${s.maintenance ? t("inMaintenance") : !s.reachable ? t("away") : s.blocked ? t("blocked") : s.host})`,
              }))}
            />
          )}
        </Stack>
      )}
    </ActionForm>
  );
}
