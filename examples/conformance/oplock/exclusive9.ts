/**
 * How far an exclusive oplock is broken depends on what the second open does: to level II when it opens, to none when it
 * empties the file. Either way it gets level II itself.
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive9" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  for (
    const [disposition, to] of [
      ["supersede", "none"],
      ["open", "II"],
      ["overwriteIf", "none"],
      ["openIf", "II"],
    ] as const
  ) {
    await using _file = await scratch(alice, "oplock_exclusive9");
    const ask = { oplock: "exclusive" } as const;
    await using holder = await openAll(alice, "oplock_exclusive9", ask);
    expect(holder.granted).toBe("exclusive");
    await using other = await openAll(bob, "oplock_exclusive9", { ...ask, disposition });
    expect(other.granted).toBe("II");
    await broken(holder, to);
    await quiet(alice, [[holder, 1]]);
  }
});
