import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { problemsOf } from "@/gql/problem";
import { texts } from "@/lib/text";
import { CopyDetails } from "./toasts";
import { useSentence } from "./use-sentence";

const useTexts = texts("panel-error", {
  en: { title: "This could not be shown", retry: "Try again", request: "Request {{id}}" },
  de: { title: "Das ließ sich nicht zeigen", retry: "Noch einmal versuchen", request: "Anfrage {{id}}" },
});

/** What went wrong in a part of a page, with its request's id, and a way to try again. */
export function PanelError(p: { error: unknown; onRetry: () => void }) {
  const t = useTexts();
  const sentence = useSentence();
  const problem = problemsOf(p.error)[0]!;
  return (
    <Alert color="red" variant="light" role="alert" title={t("title")} icon={<IconAlertCircle aria-hidden />} w="100%" maw={640}>
      <Stack gap="xs">
        <Text size="sm">{sentence(problem)}</Text>
        {problem.requestId && <Text size="xs" c="dimmed" ff="monospace">{t("request", { id: problem.requestId })}</Text>}
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={p.onRetry}>{t("retry")}</Button>
          <CopyDetails problem={problem} />
        </Group>
      </Stack>
    </Alert>
  );
}
