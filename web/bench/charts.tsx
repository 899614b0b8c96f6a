// The dashboard's charts of a host, as many times as the address says, each with a
// subscription of its own: what a page with so many servers is to cost.
import "@mantine/core/styles.css";
import { SimpleGrid } from "@mantine/core";
import { show } from "@/components/frame";
import { HostCharts } from "@/features/dashboard/host";
import { sessions } from "@/gql/session";

const { hash } = location;
const [count, id] = hash.slice(1).split(",") as [string, string];

await sessions.renew();
show(
  <SimpleGrid cols={{ base: 1, lg: 2 }} p="md">
    {Array.from({ length: Number(count) }, (_, i) => <HostCharts key={i} server={{ id, name: `host ${i + 1}` }} />)}
  </SimpleGrid>,
);
