/** An open for attributes alone that empties the file is no harmless one: it breaks an exclusive oplock. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive5" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_exclusive5");

  await using holder = await openAll(alice, "oplock_exclusive5", { oplock: "exclusive" });
  expect(holder.granted).toBe("exclusive");
  await using emptied = await openAll(bob, "oplock_exclusive5", {
    access: ATTRIBUTES,
    disposition: "overwriteIf",
    oplock: "II",
  });
  expect(emptied).toMatchObject({ action: 3, granted: "II" });
  await quiet(alice, [[holder, 1]]);
});
