import { NumberInput, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ActionForm } from "@/components/action-form";
import { OrderDialog, type Ordered } from "@/components/order-dialog";
import { useViewer } from "@/components/use-viewer";
import type { Database } from "./detail";
import { CREATE_USER, DELETE_USER, ROTATE_USER, UPDATE_USER } from "./operations";
import { useTexts } from "./texts-users";
import type { Asked, DatabaseUser } from "./users";

const rights = ["READ_ONLY", "READ_WRITE", "OWNER"] as const;
type Rights = (typeof rights)[number];
type Form = { onOrdered: (ordered: Ordered) => void; onCancel: () => void };

/** What is asked about the users of a database. Each dialog keeps its user until it has closed. */
export function UserDialogs({ database, asked, onClose }: { database: Database; asked: Asked; onClose: () => void }) {
  const t = useTexts();
  const [user, setUser] = useState<DatabaseUser | null>(null);
  useEffect(() => {
    if (asked && asked.what !== "create") setUser(asked.user);
  }, [asked]);
  const of = asked && asked.what !== "create" ? asked.user : user;
  return (
    <>
      <OrderDialog drawer opened={asked?.what === "create"} onClose={onClose} title={t("add")}>
        {(onOrdered) => <UserForm database={database} onOrdered={onOrdered} onCancel={onClose} />}
      </OrderDialog>
      <OrderDialog drawer opened={asked?.what === "change"} onClose={onClose} title={t("change_label", { name: of?.name ?? "" })}>
        {(onOrdered) => of && <UserForm database={database} user={of} onOrdered={onOrdered} onCancel={onClose} />}
      </OrderDialog>
      <OrderDialog opened={asked?.what === "rotate"} onClose={onClose} title={t("rotate_label", { name: of?.name ?? "" })}>
        {(onOrdered) => of && <RotateForm user={of} onOrdered={onOrdered} onCancel={onClose} />}
      </OrderDialog>
      <OrderDialog opened={asked?.what === "delete"} onClose={onClose} title={t("delete_label", { name: of?.name ?? "" })}>
        {(onOrdered) => of && (
          <ActionForm
            document={DELETE_USER} variables={{ input: { id: of.id } }} submit={t("delete")} danger typed={of.name} done={t("deleted")} preview onCancel={onClose}
            onDone={({ deleteDatabaseUser: { job } }) => onOrdered({ job })}
          >
            {() => <Text size="sm">{t("deleteText", { username: database.username })}</Text>}
          </ActionForm>
        )}
      </OrderDialog>
    </>
  );
}

function RotateForm({ user, onOrdered, onCancel }: Form & { user: DatabaseUser }) {
  const t = useTexts();
  const { impersonatedBy } = useViewer();
  return (
    <ActionForm
      document={ROTATE_USER} variables={{ input: { id: user.id } }} submit={t("rotate")} done={t("rotated")} preview onCancel={onCancel} blocked={impersonatedBy ? t("notActing") : undefined}
      onDone={({ rotateDatabaseUserPassword: { job, credentials } }) => onOrdered({ job, credentials: credentials ?? null })}
    >
      {() => <Text size="sm">{t("rotateText")}</Text>}
    </ActionForm>
  );
}

function UserForm({ database, user, onOrdered, onCancel }: Form & { database: Database; user?: DatabaseUser }) {
  const t = useTexts();
  const { impersonatedBy } = useViewer();
  const [name, setName] = useState("");
  const [right, setRight] = useState<Rights>(user?.rights ?? "READ_ONLY");
  const [limit, setLimit] = useState<number | string>(user?.connectionLimit ?? Math.min(20, database.connectionLimit));
  const [timeout, setTimeoutSeconds] = useState<number | string>(user?.statementTimeoutSeconds ?? 0);
  const whole = (value: number | string) => (value === "" ? undefined : Number(value));
  const limits = { rights: right, connectionLimit: whole(limit), statementTimeoutSeconds: whole(timeout) };
  const fields = ["name", "rights", "connectionLimit", "statementTimeoutSeconds"];
  const controls = (error: (field: string) => string | undefined) => (
    <Stack gap="md">
      {!user && <TextInput name="name" label={t("name")} description={t("nameHint")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} autoComplete="off" spellCheck={false} required data-autofocus />}
      <Radio.Group label={t("rights")} value={right} onChange={(value) => setRight(value as Rights)} error={error("rights")}>
        <Stack gap="xs" mt={4}>{rights.map((value) => <Radio key={value} value={value} label={t(`rights_${value}`)} description={t(`rightsHint_${value}`)} />)}</Stack>
      </Radio.Group>
      <NumberInput name="connectionLimit" label={t("limit")} description={t("limitHint", { max: database.connectionLimit })} value={limit} onChange={setLimit} min={1} max={database.connectionLimit} clampBehavior="none" allowDecimal={false} error={error("connectionLimit")} />
      <NumberInput name="statementTimeoutSeconds" label={t("timeout")} description={t("timeoutHint")} value={timeout} onChange={setTimeoutSeconds} min={0} max={86400} clampBehavior="none" allowDecimal={false} error={error("statementTimeoutSeconds")} />
      {user && right !== user.rights && <Text size="sm">{t("changeText")}</Text>}
    </Stack>
  );
  return user ? (
    <ActionForm
      document={UPDATE_USER} variables={{ input: { id: user.id, ...limits } }} fields={fields} submit={t("save")} done={t("changed")} preview onCancel={onCancel}
      onDone={({ updateDatabaseUser: { job } }) => onOrdered({ job })}
    >
      {controls}
    </ActionForm>
  ) : (
    <ActionForm
      document={CREATE_USER} variables={{ input: { databaseId: database.id, name: name.trim(), ...limits } }} fields={fields} submit={t("add")} done={t("added")} onCancel={onCancel} blocked={impersonatedBy ? t("notActing") : undefined}
      onDone={({ createDatabaseUser: { job, credentials } }) => onOrdered({ job, credentials: credentials ?? null })}
    >
      {controls}
    </ActionForm>
  );
}
