/**
 * Deleting breaks a batch oplock to level II although the share mode refuses it in the end: the holder might have closed.
 * Later attempts break nothing more. The holder's own write takes its level II away.
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, unlink } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch1" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch1");

  await using holder = await openAll(alice, "oplock_batch1", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await unlink(bob, "oplock_batch1", "SHARING_VIOLATION");
  await broken(holder, "II");
  await unlink(bob, "oplock_batch1", "SHARING_VIOLATION");
  await quiet(alice, [[holder, 1]]);
  await holder.write(0, "x");
  await broken(holder, "none");
  await quiet(alice, [[holder, 2]]);
});
