/** The worker of runs with `@marsaud/smb2`: a file of its own, because loading the package takes time that others keep. */
import { marsaudBackend } from "../client/marsaud/mod.ts";
import { work } from "./work.ts";

work(marsaudBackend);
