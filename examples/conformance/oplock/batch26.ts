/** A stream has oplocks of its own: the file's batch oplock does not stand in the way of another one on its stream. */
import { expect, scenario } from "smbench";
import { openAll, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch26" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_batch26");

  const ask = { access: 0x120089, oplock: "batch" } as const;
  await using file = await openAll(alice, "oplock_batch26", ask);
  expect(file.granted).toBe("batch");
  await using stream = await openAll(alice, "oplock_batch26:Stream One:$DATA", ask);
  expect(stream.granted).toBe("batch");
  await using again = await openAll(alice, "oplock_batch26", ask);
  expect(again.granted).toBe("II");
});
