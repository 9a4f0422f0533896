/** The worker of runs with the project's own client. */
import { nativeBackend } from "../client/mod.ts";
import { work } from "./work.ts";

work(nativeBackend);
