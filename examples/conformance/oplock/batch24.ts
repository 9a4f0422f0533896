/** A batch oplock is broken to level II for a second open that reads and writes, which gets level II. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch24" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch24");

  const ask = { access: "rw", share: "rw", oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch24", ask);
  expect(holder.granted).toBe("batch");
  await using other = await openAll(bob, "oplock_batch24", ask);
  expect(other.granted).toBe("II");
  await broken(holder, "II");
  await quiet(alice, [[holder, 1], [other, 0]]);
});
