/** Writing through the handle that holds a batch oplock breaks nothing. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch21" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_batch21");

  await using holder = await openAll(alice, "oplock_batch21", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await holder.write(0, "x");
  await quiet(alice, [[holder, 0]]);
});
