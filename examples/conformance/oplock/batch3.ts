/** The holder of a batch oplock closes instead of acknowledging, and the file can be deleted although it was not shared. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, unlink } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch3" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "close" });
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch3");

  const holder = await openAll(alice, "oplock_batch3", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await unlink(bob, "oplock_batch3");
  await broken(holder, "II");
  await quiet(alice, [[holder, 1]]);
});
