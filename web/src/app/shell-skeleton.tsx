import { Box } from "@mantine/core";
import { PageSkeleton } from "@/components/skeletons";
import { useTexts } from "./texts";

/** The shell before it is known whose it is. */
export function ShellSkeleton() {
  const t = useTexts();
  return (
    <Box p="md" component="main">
      <PageSkeleton head label={t("starting")} />
    </Box>
  );
}
