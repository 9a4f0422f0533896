/** A handle with a lease keeps its byte-range locks. */
import { scenario } from "smbench";
import { keepsItsLock } from "./_locks.ts";

export default scenario({ name: "smb2.durable-open.lock-lease" }, async ({ client }) => {
  const options = { lease: { state: "RWH", key: "kept", version: 1 } } as const;
  await keepsItsLock(await client("alice"), "durable-lock-lease.dat", options);
});
