/** A lease that began as version 1 stays version 1, also towards opens that ask for version 2: it has no epoch. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_epoch3" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_v2_epoch3");
  const first = await openAll(alice, "lease_v2_epoch3", { lease: v1("R", "key") });
  expect(first.lease).toMatchObject({ version: 1, state: "R" });
  const newer = await openAll(alice, "lease_v2_epoch3", { lease: v2("RW", "key", 0x4711) });
  expect(newer.lease).toMatchObject({ version: 1, state: "RW" });
  await first.close();
  const more = await openAll(alice, "lease_v2_epoch3", { lease: v1("RWH", "key") });
  expect(more.lease).toMatchObject({ version: 1, state: "RWH" });
  await more.close();

  const plain = await openAll(alice, "lease_v2_epoch3");
  expect(plain.granted).toBe("none");
  expect(await broken(newer, "RWH", "RH")).toMatchObject({ epoch: 0 });
  await quiet(alice, [[newer, 1]]);
  await plain.close();
  await newer.close();

  await using anew = await openAll(alice, "lease_v2_epoch3", { lease: v2("RWH", "key", 0x4711) });
  expect(anew.lease).toMatchObject({ version: 2, state: "RWH", flags: 0, epoch: 0x4712 });
});
