/**
 * A rename through a lease's own handle leaves that lease alone, which goes with the file to its new name. The handle
 * caches of other leases would keep the old name open: they are broken.
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_rename" }, async ({ client }) => {
  const alice = await client("alice");
  await using _before = await scratch(alice, "lease_v2_rename_a");
  await using _after = await scratch(alice, "lease_v2_rename_b");
  await using first = await openAll(alice, "lease_v2_rename_a", {
    lease: v2("RWH", "first", 0x4711),
  });
  expect(first.lease).toMatchObject({ state: "RWH", epoch: 0x4712 });
  await first.rename("lease_v2_rename_b", { replace: true });
  const same = await openAll(alice, "lease_v2_rename_b", { lease: v2("", "first", 0x4712) });
  expect(same).toMatchObject({ action: 1, lease: { state: "RWH", epoch: 0x4712 } });
  await same.close();
  await quiet(alice, [[first, 0]]);

  await using other = await openAll(alice, "lease_v2_rename_b", {
    lease: v2("RWH", "second", 0x44),
  });
  expect(other.lease).toMatchObject({ state: "RH", epoch: 0x45 });
  expect(await broken(first, "RWH", "RH")).toMatchObject({ epoch: 0x4713 });
  await first.rename("lease_v2_rename_a", { replace: true });
  expect(await broken(other, "RH", "R")).toMatchObject({ epoch: 0x46 });
  const back = await openAll(alice, "lease_v2_rename_a", { lease: v2("", "first", 0x4713) });
  expect(back).toMatchObject({ action: 1, lease: { state: "RH", epoch: 0x4713 } });
  await back.close();
  await quiet(alice, [[first, 1], [other, 1]]);
});
