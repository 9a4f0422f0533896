/** The holder of a batch oplock closes instead of acknowledging, and the open that waited gets the batch oplock. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch7" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "close" });
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch7");

  const alone = { share: "", oplock: "batch" } as const;
  const holder = await openAll(alice, "oplock_batch7", alone);
  expect(holder.granted).toBe("batch");
  await using other = await openAll(bob, "oplock_batch7", alone);
  expect(other.granted).toBe("batch");
  await broken(holder, "II");
  await quiet(alice, [[holder, 1]]);
});
