/** The first grant is the epoch that the client gave, and one more; with the file gone, so is the count. */
import { expect, scenario } from "smbench";
import { openAll, scratch, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_epoch1" }, async ({ client }) => {
  const alice = await client("alice");
  for (const epoch of [0x4711, 0x11]) {
    await using _file = await scratch(alice, "lease_v2_epoch1");
    await using file = await openAll(alice, "lease_v2_epoch1", { lease: v2("RWH", "key", epoch) });
    expect(file.lease).toMatchObject({ version: 2, state: "RWH", flags: 0, epoch: epoch + 1 });
  }
});
