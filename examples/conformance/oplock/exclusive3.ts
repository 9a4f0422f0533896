/** Setting a file's size by its path opens the file: the share mode refuses it, and the exclusive oplock stays. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive3" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_exclusive3");

  const alone = { share: "", oplock: "exclusive" } as const;
  await using holder = await openAll(alice, "oplock_exclusive3", alone);
  expect(holder.granted).toBe("exclusive");
  await bob.open("oplock_exclusive3", {
    access: "max",
    share: "rw",
    expect: "SHARING_VIOLATION",
  });
  await quiet(alice, [[holder, 0]]);
});
