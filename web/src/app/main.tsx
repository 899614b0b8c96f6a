import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "@/components/page.css";
import "@/components/resource-rows.css";
import { show } from "@/components/frame";
import { App } from "./app";

show(<App />);
