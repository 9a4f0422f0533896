/** An open for attributes alone does not break an exclusive oplock, whatever it shares, and gets none. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive4" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_exclusive4");

  const alone = { share: "", oplock: "exclusive" } as const;
  await using holder = await openAll(alice, "oplock_exclusive4", alone);
  expect(holder.granted).toBe("exclusive");
  await using looking = await openAll(bob, "oplock_exclusive4", { ...alone, access: ATTRIBUTES });
  expect(looking.granted).toBe("none");
  await quiet(alice, [[holder, 0]]);
});
