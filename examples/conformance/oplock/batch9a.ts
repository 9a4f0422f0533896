/** As batch9, and a second open for attributes alone comes first: it breaks nothing and gets nothing. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch9a" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch9a");

  const alone = { share: "", oplock: "batch" } as const;
  await using creator = await openAll(alice, "oplock_batch9a", {
    ...alone,
    access: ATTRIBUTES,
    disposition: "openIf",
  });
  expect(creator).toMatchObject({ action: 2, granted: "batch" });
  const looking = await openAll(bob, "oplock_batch9a", { ...alone, access: ATTRIBUTES });
  expect(looking).toMatchObject({ action: 1, granted: "none" });
  await quiet(alice, [[creator, 0]]);
  await looking.close();

  const second = await openAll(bob, "oplock_batch9a", { ...alone, disposition: "open" });
  expect(second.granted).toBe("II");
  await broken(creator, "II");
  await second.close();
  await using third = await openAll(bob, "oplock_batch9a", { ...alone, disposition: "open" });
  expect(third.granted).toBe("II");
  await quiet(alice, [[creator, 1], [third, 0]]);

  await third.write(0, "x");
  await broken(creator, "none");
  await broken(third, "none");
  await quiet(alice, [[creator, 2], [third, 1]]);
});
