/**
 * An open with the key of a lease that is held gives the lease more states, when it asks for a superset of them, and
 * never takes any away (MS-SMB2 3.3.5.9.8).
 */
import { expect, scenario } from "smbench";
import { openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.upgrade" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_upgrade");
  const ask = async (state: string) =>
    await openAll(alice, "lease_upgrade", { lease: v1(state, "key") });

  const first = await ask("RH");
  expect(first.lease).toMatchObject({ state: "RH", version: 1, flags: 0 });

  const sideways = await ask("RW");
  expect(sideways.lease).toMatchObject({ state: "RH" });
  await sideways.close();

  await using more = await ask("RWH");
  expect(more.lease).toMatchObject({ state: "RWH" });
  await first.close();

  await using less = await ask("RH");
  expect(less.lease).toMatchObject({ state: "RWH" });
});
