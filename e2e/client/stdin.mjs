// What every script here does alike: one JSON object comes on standard input,
// since arguments are for all to see in the list of processes, and answers go
// out as JSON, one per line.
import { text } from "node:stream/consumers";

export const input = JSON.parse(await text(process.stdin));

export const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");
