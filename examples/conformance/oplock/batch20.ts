/** As batch19, with a second handle: neither can rename the file while its directory is open for DELETE. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch20" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _directory = await scratch(alice, "oplock_batch20");
  await using _other = await scratch(alice, "oplock_batch20/b");
  await using _file = await scratch(alice, "oplock_batch20/a");
  await using _deleting = await openAll(alice, "oplock_batch20", {
    options: ["directory"],
    attributes: ["directory"],
  });
  const ask = { oplock: "batch" } as const;
  await using holder = await openAll(alice, "oplock_batch20/a", ask);
  expect(holder.granted).toBe("batch");
  await holder.rename("oplock_batch20/b", { expect: "SHARING_VIOLATION" });
  await quiet(alice, [[holder, 0]]);

  await using second = await openAll(bob, "oplock_batch20/a", ask);
  expect(second.granted).toBe("II");
  await broken(holder, "II");
  await second.rename("oplock_batch20/b", { expect: "SHARING_VIOLATION" });
  await quiet(alice, [[holder, 1], [second, 0]]);
  for (const file of [holder, second]) {
    const { value } = await file.queryInfo({ class: "FileAllInformation" });
    expect(value).toMatchObject({ name: expect.stringContaining("oplock_batch20\\a") });
  }
});
