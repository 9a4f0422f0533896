/** A lost handle with a lease of version 2 is reclaimed with the lease's key and the file's name. */
import { scenario } from "smbench";
import { keyAndNameMatter } from "./_leases.ts";

export default scenario({ name: "smb2.durable-open.reopen2-lease-v2" }, async ({ client }) => {
  const alice = await client("alice");
  await keyAndNameMatter(alice, "durable-reopen2-lease-v2.dat", { leaseVersion: 2 });
});
