/** A second open breaks a batch oplock also when the share mode refuses it in the end. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch5" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch5");

  const alone = { share: "", oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch5", alone);
  expect(holder.granted).toBe("batch");
  await openAll(bob, "oplock_batch5", { ...alone, expect: "SHARING_VIOLATION" });
  await broken(holder, "II");
  await quiet(alice, [[holder, 1]]);
});
