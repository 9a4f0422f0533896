/** A lease with the key of its directory's lease: the answer repeats it, and says so (MS-SMB2 2.2.14.2.11). */
import { expect, scenario } from "smbench";
import { openAll, PARENT_LEASE_KEY_SET, scratch, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_request_parent" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_v2_request_parent");
  const parent = new Uint8Array(16).fill(0xb2);
  await using file = await openAll(alice, "lease_v2_request_parent", {
    lease: { ...v2("RWH", "key", 0x11), parent },
  });
  expect(file.lease).toMatchObject({
    version: 2,
    state: "RWH",
    flags: PARENT_LEASE_KEY_SET,
    parent,
    epoch: 0x12,
  });
});
