/**
 * Alone on a file, a lease becomes what an open with its key asks for, if that is more; what is not more is ignored
 * (MS-SMB2 3.3.5.9.8). Every pair.
 */
import { expect, scenario } from "smbench";
import { openAll, scratch, v1 } from "./_leases.ts";

const STATES = ["", "R", "RH", "RW", "RWH"];

export default scenario({ name: "smb2.lease.upgrade2" }, async ({ client }) => {
  const alice = await client("alice");
  for (const held of STATES) {
    for (const wanted of STATES) {
      await using _file = await scratch(alice, "lease_upgrade2");
      await using first = await openAll(alice, "lease_upgrade2", { lease: v1(held, "key") });
      expect(first.lease).toMatchObject({ state: held });
      await using second = await openAll(alice, "lease_upgrade2", { lease: v1(wanted, "key") });
      const more = [...held].every((letter) => wanted.includes(letter));
      expect(second.lease).toMatchObject({ state: more ? wanted : held });
    }
  }
});
