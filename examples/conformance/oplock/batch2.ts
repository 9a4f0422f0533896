/** Who is asked to keep level II may keep nothing; then nothing is left to break. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, unlink } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch2" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: { to: "none" } });
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch2");

  await using holder = await openAll(alice, "oplock_batch2", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await unlink(bob, "oplock_batch2", "SHARING_VIOLATION");
  await broken(holder, "II");
  await unlink(bob, "oplock_batch2", "SHARING_VIOLATION");
  await holder.write(0, "x");
  await quiet(alice, [[holder, 1]]);
});
