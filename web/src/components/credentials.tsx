import { Alert, Box, Stack, Tabs, Text } from "@mantine/core";
import { texts } from "@/lib/text";
import { CopyField } from "./copy-field";
import { Fact, Facts } from "./facts";

const useTexts = texts("credentials", {
  en: { once: "Save them now: the password is shown this once and cannot be shown again.", username: "Login", password: "Password", host: "Host", port: "Port", database: "Database", strings: "Connection strings", URI: "URI", PSQL: "psql", ENV: ".env", JDBC: "JDBC" },
  de: { once: "Sichern Sie sie jetzt: das Passwort wird dieses eine Mal gezeigt und lässt sich nicht noch einmal zeigen.", username: "Login", password: "Passwort", host: "Host", port: "Port", database: "Datenbank", strings: "Verbindungsdaten", URI: "URI", PSQL: "psql", ENV: ".env", JDBC: "JDBC" },
});

export interface ConnectionString {
  format: "URI" | "PSQL" | "ENV" | "JDBC";
  value: string;
}

export interface Credentials {
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
  connectionStrings: readonly ConnectionString[];
}

/** How each kind of client is told where a database is, a tab for each. */
export function ConnectionStrings(p: { strings: readonly ConnectionString[] }) {
  const t = useTexts();
  return (
    <Tabs defaultValue={p.strings[0]?.format} variant="outline" keepMounted={false}>
      <Tabs.List aria-label={t("strings")}>{p.strings.map(({ format }) => <Tabs.Tab key={format} value={format}>{t(format)}</Tabs.Tab>)}</Tabs.List>
      {p.strings.map(({ format, value }) => (
        <Tabs.Panel key={format} value={format} pt="xs">
          <Box style={{ whiteSpace: "pre-wrap" }}><CopyField label={t(format)} value={value} /></Box>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

/** What is shown once: where a database is, and the login and the password that open it. */
export function CredentialsOnce({ of }: { of: Credentials }) {
  const t = useTexts();
  return (
    <Stack gap="md">
      <Alert color="yellow">{t("once")}</Alert>
      <Facts>
        <Fact label={t("username")}><CopyField label={t("username")} value={of.username} /></Fact>
        <Fact label={t("password")}><CopyField label={t("password")} value={of.password} /></Fact>
        <Fact label={t("database")}><CopyField label={t("database")} value={of.database} /></Fact>
        <Fact label={t("host")}><CopyField label={t("host")} value={of.host} /></Fact>
        <Fact label={t("port")}><Text span ff="monospace" size="sm">{of.port}</Text></Fact>
      </Facts>
      <ConnectionStrings strings={of.connectionStrings} />
    </Stack>
  );
}
