import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { texts } from "@/lib/text";

const useTexts = texts("not-found", {
  en: { title: "There is nothing here", text: "The page does not exist, or is not yours to see.", home: "Go to the dashboard" },
  de: { title: "Hier ist nichts", text: "Die Seite gibt es nicht, oder sie ist nicht für Sie bestimmt.", home: "Zur Übersicht" },
});

/** What does not exist, and what is somebody else's: nobody can tell one from the other. */
export function NotFound() {
  const t = useTexts();
  useEffect(() => {
    document.title = `${t("title")} · MPanel`;
  }, [t]);
  return (
    <Stack align="flex-start">
      <Title order={1} size="h2">{t("title")}</Title>
      <Text c="dimmed">{t("text")}</Text>
      <Button component={Link} to="/">{t("home")}</Button>
    </Stack>
  );
}
