/** An open for attributes alone does not break a batch oplock, whatever it shares, and gets none. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch8" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch8");

  const alone = { share: "", oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch8", alone);
  expect(holder.granted).toBe("batch");
  await using looking = await openAll(bob, "oplock_batch8", { ...alone, access: ATTRIBUTES });
  expect(looking.granted).toBe("none");
  await quiet(alice, [[holder, 0]]);
});
