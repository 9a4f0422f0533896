/**
 * An open for attributes alone that creates the file gets its batch oplock, and the next open breaks it. Level II goes
 * with the first write, for all.
 */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch9" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch9");

  const alone = { share: "", oplock: "batch" } as const;
  await using creator = await openAll(alice, "oplock_batch9", {
    ...alone,
    access: ATTRIBUTES,
    disposition: "create",
  });
  expect(creator).toMatchObject({ action: 2, granted: "batch" });

  const second = await openAll(bob, "oplock_batch9", { ...alone, disposition: "open" });
  expect(second.granted).toBe("II");
  await broken(creator, "II");
  await second.close();
  await using third = await openAll(bob, "oplock_batch9", { ...alone, disposition: "open" });
  expect(third.granted).toBe("II");
  await quiet(alice, [[creator, 1], [third, 0]]);

  await third.write(0, "x");
  await broken(creator, "none");
  await broken(third, "none");
  await quiet(alice, [[creator, 2], [third, 1]]);
});
