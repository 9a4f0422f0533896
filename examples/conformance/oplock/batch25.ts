/** Attributes can be set by path although a batch oplock is held and nothing is shared. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch25" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_batch25");

  await using holder = await openAll(alice, "oplock_batch25", { share: "", oplock: "batch" });
  expect(holder.granted).toBe("batch");
  // FileBasicInformation (MS-FSCC 2.4.7): zero times stay as they are; FILE_ATTRIBUTE_HIDDEN.
  const hidden = new Uint8Array(40);
  hidden[32] = 0x02;
  await using setting = await alice.open("oplock_batch25", {
    access: ["FILE_WRITE_ATTRIBUTES"],
    share: "rw",
  });
  await setting.setInfo(hidden, { class: "FileBasicInformation" });
  await quiet(alice, [[holder, 0]]);
});
