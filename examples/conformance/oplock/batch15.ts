/** Asking for everything about a file by its path breaks no batch oplock. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch15" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch15");

  await using holder = await openAll(alice, "oplock_batch15", {
    disposition: "create",
    oplock: "batch",
  });
  expect(holder.granted).toBe("batch");
  await using looking = await bob.open("oplock_batch15", { access: ["FILE_READ_ATTRIBUTES"] });
  await looking.queryInfo({ class: "FileAllInformation" });
  await quiet(alice, [[holder, 0]]);
});
