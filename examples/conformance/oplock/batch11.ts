/** Setting the size of a file by its path breaks a batch oplock twice: the open to level II, the new size to none. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch11" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch11");

  await using holder = await openAll(alice, "oplock_batch11", {
    disposition: "create",
    oplock: "batch",
  });
  expect(holder.granted).toBe("batch");
  await using other = await bob.open("oplock_batch11", { access: "max" });
  await other.truncate(100);
  await broken(holder, "II");
  await broken(holder, "none");
  await quiet(alice, [[holder, 2]]);
});
