/** Once a batch oplock is broken to level II, further opens that share get level II and break nothing. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch23" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  const carol = await client("carol");
  await using _file = await scratch(alice, "oplock_batch23");

  const ask = { access: "rw", share: "rw", oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch23", ask);
  expect(holder.granted).toBe("batch");
  await using _second = await openAll(carol, "oplock_batch23", ask);
  await broken(holder, "II");
  await using third = await openAll(bob, "oplock_batch23", ask);
  expect(third.granted).toBe("II");
  await quiet(alice, [[holder, 1]]);
});
