/**
 * A file cannot be renamed while somebody holds its directory open for DELETE; without that it can. Neither breaks the
 * oplock of the handle that renames.
 */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.exclusive6" }, async ({ client }) => {
  const alice = await client("alice");
  await using _directory = await scratch(alice, "oplock_exclusive6");
  await using _file = await scratch(alice, "oplock_exclusive6/b");
  const parent = { share: "rwd", options: ["directory"], attributes: ["directory"] } as const;
  const deleting = await openAll(alice, "oplock_exclusive6", parent);
  await using holder = await openAll(alice, "oplock_exclusive6/a", {
    share: "",
    oplock: "exclusive",
  });
  expect(holder.granted).toBe("exclusive");
  const rename = (expected: string) =>
    holder.rename("oplock_exclusive6/b", { replace: true, expect: expected });

  await rename("SHARING_VIOLATION");
  await quiet(alice, [[holder, 0]]);
  await deleting.close();
  await using _reading = await openAll(alice, "oplock_exclusive6", { ...parent, access: 0x1e01ff });
  await rename("SUCCESS");
  await quiet(alice, [[holder, 0]]);
});
