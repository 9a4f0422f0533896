/** A handle is durable when its lease has handle caching, and not with any other one. */
import { scenario } from "smbench";
import { grants, LEASES } from "./_grants.ts";

export default scenario({ name: "smb2.durable-v2-open.open-lease" }, async ({ client }) => {
  const how = { cases: LEASES, request: "DH2Q" } as const;
  await grants(await client("alice"), "durable-v2-open-open-lease.dat", how);
});
