import { Group, NumberInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm, type Written } from "@/components/action-form";
import { PasswordField } from "@/components/password-field";
import { Select } from "@/components/select";
import { REGISTER, type Server, UPDATE } from "./operations";
import { useTexts } from "./texts";

const fields = ["name", "host", "port", "adminUser", "adminPassword", "sslMode"];
const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

type Of = (field: string) => string | undefined;

/** Enters a server, or changes what is given of one: what is left empty then stays. */
export function ServerForm(p: { server?: Server; onDone: (id: string) => void; onClose: () => void }) {
  const t = useTexts();
  const { server } = p;
  const [sslMode, setMode] = useState<string | null>(null);
  const given = (v: Written) => ({ name: v.name ?? "", host: v.host ?? "", port: Number(v.port), adminUser: v.adminUser ?? "", adminPassword: v.adminPassword ?? "", sslMode });
  const parts = (of: Of) => <Fields of={of} server={server} mode={sslMode} onMode={setMode} />;
  if (!server)
    return (
      <ActionForm document={REGISTER} fields={fields} secrets={["adminPassword"]} variables={(v) => ({ input: given(v) })} submit={t("register")} done={t("registered")} onCancel={p.onClose} onDone={(data) => p.onDone(data.registerDatabaseServer.databaseServer.id)}>
        {parts}
      </ActionForm>
    );
  return (
    <ActionForm
      document={UPDATE} fields={fields} secrets={["adminPassword"]} submit={t("save")} done={t("saved")} onCancel={p.onClose} onDone={(data) => p.onDone(data.updateDatabaseServer.databaseServer.id)}
      variables={(v) => {
        const { name, host, port, adminUser, adminPassword } = given(v);
        // The server that the panel itself starts takes a new name alone: what is the same is not sent.
        return {
          input: {
            id: server.id, name: name === server.name ? null : name, host: host === server.host ? null : host, port: port === server.port ? null : port,
            adminUser: adminUser || null, adminPassword: adminPassword || null, sslMode,
          },
        };
      }}
    >
      {parts}
    </ActionForm>
  );
}

function Fields({ of, server, mode, onMode }: { of: Of; server?: Server; mode: string | null; onMode: (mode: string | null) => void }) {
  const t = useTexts();
  const stays = server ? t("stays") : undefined;
  return (
    <>
      <TextInput name="name" label={t("name")} description={t("nameHint")} defaultValue={server?.name} autoComplete="off" error={of("name")} data-autofocus />
      <Group grow gap="sm" align="flex-start" preventGrowOverflow={false} wrap="nowrap">
        <TextInput name="host" label={t("host")} defaultValue={server?.host} placeholder="db1.example.com" autoComplete="off" error={of("host")} />
        <NumberInput name="port" label={t("port")} defaultValue={server?.port ?? 5432} min={1} max={65535} hideControls maw={110} error={of("port")} />
      </Group>
      {!server && <Text size="sm" c="dimmed">{t("adminHint")}</Text>}
      <TextInput name="adminUser" label={t("adminUser")} placeholder={stays} autoComplete="off" error={of("adminUser")} />
      <PasswordField name="adminPassword" label={t("adminPassword")} placeholder={stays} autoComplete="new-password" error={of("adminPassword")} />
      <Select label={t("sslMode")} placeholder={stays ?? "prefer"} clearable clearButtonProps={{ "aria-label": "×" }} data={modes} value={mode} onChange={onMode} error={of("sslMode")} />
    </>
  );
}
