import { accounts } from "./german-accounts";
import { databases } from "./german-databases";
import { dumps } from "./german-dumps";
import { jobs, words } from "./german-jobs";
import { servers } from "./german-servers";
import { sayer } from "./say";

/** What the panel says, in German: a script of its own, which only pages in German fetch. */
export const say = sayer({ ...accounts, ...jobs, ...databases, ...dumps, ...servers }, words);
