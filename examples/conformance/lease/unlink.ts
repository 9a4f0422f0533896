/**
 * Deleting a file breaks the handle caches of others, so that they can let it go; who has something to flush or to
 * close is asked for an acknowledgement (MS-SMB2 2.2.23.2).
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.unlink" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "lease_unlink");
  await using first = await openAll(alice, "lease_unlink", { lease: v1("RWH", "key") });
  expect(first.lease).toMatchObject({ state: "RWH" });
  const theirs = await openAll(bob, "lease_unlink", { lease: v1("RWH", "key") });
  expect(theirs.lease).toMatchObject({ state: "RH" });
  await broken(first, "RWH", "RH");
  await theirs.close();

  await bob.remove("lease_unlink");
  await broken(first, "RH", "R");
  await quiet(alice, [[first, 2]]);
});
