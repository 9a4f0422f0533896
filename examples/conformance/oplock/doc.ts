/** A file that will be deleted on close is closed to others, who are told so without a break of its oplock. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.doc" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_doc");

  await using holder = await openAll(alice, "oplock_doc", { oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await holder.delete();
  await bob.open("oplock_doc", { access: ["FILE_READ_DATA"], expect: "DELETE_PENDING" });
  await quiet(alice, [[holder, 0]]);
});
