/**
 * Beside another lease, one becomes what an open with its key asks for only if that is more and can be shared; the
 * other one is not broken for it (MS-SMB2 3.3.5.9.8). Every pair of shareable leases.
 */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.upgrade3" }, async ({ client }) => {
  const alice = await client("alice");
  const ask = (state: string, key: string) =>
    openAll(alice, "lease_upgrade3", { lease: v1(state, key) });
  for (const held of ["R", "RH"]) {
    for (const beside of ["R", "RH"]) {
      for (const wanted of ["", "R", "RW", "RH", "RWH"]) {
        await using _file = await scratch(alice, "lease_upgrade3");
        await using first = await ask(held, "first");
        await using second = await ask(beside, "second");
        expect([first.lease?.state, second.lease?.state]).toEqual([held, beside]);
        await using again = await ask(wanted, "first");
        expect(again.lease).toMatchObject({ state: wanted === "RH" ? "RH" : held });
        await quiet(alice, [[first, 0], [second, 0]]);
      }
    }
  }
});
