/** A lost handle with a lease of version 2 is reclaimed with CreateGuid, key of the lease, and name of the file. */
import { scenario } from "smbench";
import { keyAndNameMatter } from "./_leases.ts";

export default scenario({ name: "smb2.durable-v2-open.reopen2-lease-v2" }, async ({ client }) => {
  const alice = await client("alice");
  await keyAndNameMatter(alice, "durable-v2-reopen2-lease-v2.dat", { leaseVersion: 2 });
});
