/** A lease that began as version 2 stays version 2, also towards opens that ask for version 1. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_epoch2" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_v2_epoch2");
  const first = await openAll(alice, "lease_v2_epoch2", { lease: v2("R", "key", 0x4711) });
  expect(first.lease).toMatchObject({ version: 2, state: "R", epoch: 0x4712 });
  const old = await openAll(alice, "lease_v2_epoch2", { lease: v1("RH", "key") });
  expect(old.lease).toMatchObject({ version: 2, state: "RH", epoch: 0x4713 });
  await first.close();
  const more = await openAll(alice, "lease_v2_epoch2", { lease: v2("RWH", "key", 0x11) });
  expect(more.lease).toMatchObject({ version: 2, state: "RWH", epoch: 0x4714 });
  await more.close();

  const plain = await openAll(alice, "lease_v2_epoch2");
  expect(plain.granted).toBe("none");
  expect(await broken(old, "RWH", "RH")).toMatchObject({ epoch: 0x4715 });
  await quiet(alice, [[old, 1]]);
  await plain.close();
  await old.close();

  await using anew = await openAll(alice, "lease_v2_epoch2", { lease: v1("RWH", "key") });
  expect(anew.lease).toMatchObject({ version: 1, state: "RWH", flags: 0 });
});
