/**
 * A second lease on a file takes writing away from the first one, and nothing else; it is granted what can be shared.
 * Asking again for everything under the first key changes nothing while the second lease is there (MS-SMB2 3.3.5.9.8).
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

const HELD = ["R", "RH", "RW", "RWH"];

export default scenario({ name: "smb2.lease.break" }, async ({ client }) => {
  const alice = await client("alice");
  for (const held of HELD) {
    for (const wanted of HELD) {
      await using _file = await scratch(alice, "lease_break");
      await using first = await openAll(alice, "lease_break", { lease: v1(held, "first") });
      expect(first.lease).toMatchObject({ state: held });

      await using second = await openAll(alice, "lease_break", { lease: v1(wanted, "second") });
      expect(second.lease).toMatchObject({ state: wanted.replace("W", "") });
      const left = held.replace("W", "");
      if (left !== held) await broken(first, held, left);

      await using again = await openAll(alice, "lease_break", { lease: v1("RWH", "first") });
      expect(again.lease).toMatchObject({ state: left, flags: 0 });
      await quiet(alice, [[first, left === held ? 0 : 1], [second, 0]]);
    }
  }
});
