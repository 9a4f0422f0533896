/** A handle with a batch oplock keeps its byte-range locks. */
import { scenario } from "smbench";
import { keepsItsLock } from "./_locks.ts";

export default scenario({ name: "smb2.durable-open.lock-oplock" }, async ({ client }) => {
  const options = { oplock: "batch", share: "" } as const;
  await keepsItsLock(await client("alice"), "durable-lock-oplock.dat", options);
});
