/** A file that is renamed while its directory is open for DELETE keeps its name, and its handle the batch oplock. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch19" }, async ({ client }) => {
  const alice = await client("alice");
  await using _directory = await scratch(alice, "oplock_batch19");
  await using _file = await scratch(alice, "oplock_batch19/a");
  await using _deleting = await openAll(alice, "oplock_batch19", {
    options: ["directory"],
    attributes: ["directory"],
  });
  await using holder = await openAll(alice, "oplock_batch19/a", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await holder.rename("oplock_batch19/b", { expect: "SHARING_VIOLATION" });
  await quiet(alice, [[holder, 0]]);
  const { value } = await holder.queryInfo({ class: "FileAllInformation" });
  expect(value).toMatchObject({ name: expect.stringContaining("oplock_batch19\\a") });
});
