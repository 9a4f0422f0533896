/**
 * An open that fails for its share mode costs the other one only its handle cache: closing would have let the open in.
 * The next one, which can be shared, costs it writing too; each break counts the epoch up (MS-SMB2 3.3.4.7).
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.break_twice" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_break_twice");
  await using first = await openAll(alice, "lease_break_twice", {
    lease: v2("RWH", "first", 0x11),
  });
  expect(first.lease).toMatchObject({ version: 2, state: "RWH", flags: 0, epoch: 0x12 });

  await openAll(alice, "lease_break_twice", {
    share: "r",
    lease: v2("RWH", "second", 0x22),
    expect: "SHARING_VIOLATION",
  });
  expect(await broken(first, "RWH", "RW")).toMatchObject({ epoch: 0x13 });

  await using second = await openAll(alice, "lease_break_twice", {
    lease: v2("RWH", "second", 0x22),
  });
  expect(second.lease).toMatchObject({ state: "RH", epoch: 0x23 });
  expect(await broken(first, "RW", "R")).toMatchObject({ epoch: 0x14 });
  await quiet(alice, [[first, 2], [second, 0]]);
});
