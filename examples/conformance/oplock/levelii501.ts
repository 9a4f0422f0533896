/** While the break to level II is not acknowledged, a third client comes that will empty the file: both get in in the end. */
import { expect, scenario } from "smbench";
import { broken, openAll, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.levelii501" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: { delay: "500ms" } });
  const bob = await client("bob");
  const carol = await client("carol");
  await using _file = await scratch(alice, "oplock_levelii501");

  const ask = { access: "rw", share: "rw", oplock: "exclusive" } as const;
  await using holder = await openAll(alice, "oplock_levelii501", ask);
  expect(holder.granted).toBe("exclusive");
  const sharing = openAll(bob, "oplock_levelii501", ask);
  await alice.sleep("200ms");
  const emptying = openAll(carol, "oplock_levelii501", { ...ask, disposition: "overwriteIf" });
  await broken(holder, "II");
  await using shared = await sharing;
  expect(shared.action).toBe(1);
  await using emptied = await emptying;
  expect(emptied.action).toBe(3);
});
