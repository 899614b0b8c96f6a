import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "mantine-datatable/styles.layer.css";
import "./layers.css";
import "@/components/page.css";
import { show } from "@/components/frame";
import { App } from "./app";

show(<App />);
