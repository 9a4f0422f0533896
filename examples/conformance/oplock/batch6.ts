/** Two that read and write share a file with level II each, until one writes: both lose it, the writer too. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch6" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch6");

  const ask = { access: "rw", share: "rw", oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch6", ask);
  expect(holder.granted).toBe("batch");
  await using other = await openAll(bob, "oplock_batch6", ask);
  expect(other.granted).toBe("II");
  await broken(holder, "II");
  await holder.write(0, "x");
  await broken(holder, "none");
  await broken(other, "none");
  await quiet(alice, [[holder, 2], [other, 1]]);
});
