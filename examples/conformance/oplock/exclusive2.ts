/** A second open that shares breaks an exclusive oplock to level II and gets level II itself. Deleting breaks neither. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, unlink } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive2" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_exclusive2");

  const ask = { oplock: "exclusive" } as const;
  await using holder = await openAll(alice, "oplock_exclusive2", ask);
  expect(holder.granted).toBe("exclusive");
  await using other = await openAll(bob, "oplock_exclusive2", ask);
  expect(other.granted).toBe("II");
  await broken(holder, "II");
  await unlink(bob, "oplock_exclusive2");
  await quiet(alice, [[holder, 1], [other, 0]]);
});
