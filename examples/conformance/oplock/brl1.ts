/** A lock breaks the level II that is left beside another open, the locker's own. A lock that is refused breaks nothing. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.brl1" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_brl1");

  const ask = { access: "rw", share: "rw" } as const;
  await using holder = await openAll(alice, "oplock_brl1", { ...ask, oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await holder.write(0, new Uint8Array(1000));
  await using _other = await openAll(bob, "oplock_brl1", ask);
  await broken(holder, "II");

  const range = { length: 4, kind: "exclusive", failImmediately: true } as const;
  await holder.lock([{ ...range, offset: 0 }]);
  await broken(holder, "none");
  await holder.lock([{ ...range, offset: 2 }], { expect: "LOCK_NOT_GRANTED" });
  await quiet(alice, [[holder, 2]]);
});
