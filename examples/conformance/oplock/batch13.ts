/** An open for attributes alone that overwrites the file breaks a batch oplock, and gets level II. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch13" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  for (const disposition of ["overwrite"] as const) {
    await using _file = await scratch(alice, "oplock_batch13");
    await using holder = await openAll(alice, "oplock_batch13", { oplock: "batch" });
    expect(holder.granted).toBe("batch");
    await using other = await openAll(bob, "oplock_batch13", {
      access: ATTRIBUTES,
      disposition,
      oplock: "batch",
    });
    expect(other.granted).toBe("II");
    await quiet(alice, [[holder, 1]]);
  }
});
