/** A handle is durable when it has a batch oplock, and not with any other one. */
import { scenario } from "smbench";
import { grants, OPLOCKS } from "./_grants.ts";

export default scenario({ name: "smb2.durable-v2-open.open-oplock" }, async ({ client }) => {
  const how = { cases: OPLOCKS, request: "DH2Q" } as const;
  await grants(await client("alice"), "durable-v2-open-open-oplock.dat", how);
});
