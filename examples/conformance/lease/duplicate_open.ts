/** The key of a lease that is held may not be used to open another file (MS-SMB2 3.3.5.9.8). */
import { expect, scenario } from "smbench";
import { openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.duplicate_open" }, async ({ client }) => {
  const alice = await client("alice");
  await using _one = await scratch(alice, "lease_duplicate_open_1");
  await using _two = await scratch(alice, "lease_duplicate_open_2");
  const lease = v1("RWH", "key");
  await using first = await openAll(alice, "lease_duplicate_open_1", { lease });
  expect(first.lease).toMatchObject({ state: "RWH" });
  await (await openAll(alice, "lease_duplicate_open_2")).close();
  await openAll(alice, "lease_duplicate_open_2", { lease, expect: "INVALID_PARAMETER" });
});
