/**
 * A break may be acknowledged over any connection of the client, not only over the one that the lease was got over
 * (MS-SMB2 3.3.5.22.2: the lease is looked up by ClientGuid and key).
 */
import { expect, scenario } from "smbench";
import { another, broken, leaseAcknowledgement, openAll, scratch, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_complex2" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  const { tree: second } = await another(alice);
  await using _file = await scratch(alice, "lease_v2_complex2");
  const key = new Uint8Array(16).fill(0xa1);
  await using holder = await openAll(alice, "lease_v2_complex2", {
    lease: { ...v2("RWH", "", 0x4711), key },
  });
  expect(holder.lease).toMatchObject({ state: "RWH", epoch: 0x4712 });

  const waiting = openAll(second, "lease_v2_complex2", { lease: v2("RWH", "second", 0x11) });
  expect(await broken(holder, "RWH", "RH")).toMatchObject({ epoch: 0x4713 });
  await second.ioctl(0, { raw: leaseAcknowledgement(key, 0x03) });
  await using other = await waiting;
  expect(other).toMatchObject({ action: 1, lease: { state: "RH", epoch: 0x12 } });
});
