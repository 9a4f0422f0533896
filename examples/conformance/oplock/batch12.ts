/** Setting the allocation of a file by its path breaks a batch oplock twice: the open to level II, the allocation to none. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch12" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch12");

  await using holder = await openAll(alice, "oplock_batch12", {
    disposition: "create",
    oplock: "batch",
  });
  expect(holder.granted).toBe("batch");
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, 524288n, true);
  await using other = await bob.open("oplock_batch12", { access: "max" });
  await other.setInfo(size, { class: "FileAllocationInformation" });
  await broken(holder, "II");
  await broken(holder, "none");
  await quiet(alice, [[holder, 2]]);
});
