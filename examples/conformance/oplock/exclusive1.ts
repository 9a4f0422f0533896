/** An exclusive oplock is not broken by opens that the share mode refuses anyway: closing is not what it would ask for. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch, unlink } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive1" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_exclusive1");

  const alone = { share: "", oplock: "exclusive" } as const;
  await using holder = await openAll(alice, "oplock_exclusive1", alone);
  expect(holder.granted).toBe("exclusive");
  await openAll(bob, "oplock_exclusive1", { ...alone, expect: "SHARING_VIOLATION" });
  await unlink(bob, "oplock_exclusive1", "SHARING_VIOLATION");
  await quiet(alice, [[holder, 0]]);
});
