import { Box, Skeleton } from "@mantine/core";
import { PageSkeleton } from "@/components/skeletons";
import { useTexts } from "./texts";

/** The shell before it is known whose it is. */
export function ShellSkeleton() {
  const t = useTexts();
  return (
    <Box p="md" component="main">
      <Skeleton h={40} mb="lg" radius="sm" />
      <PageSkeleton label={t("starting")} />
    </Box>
  );
}
