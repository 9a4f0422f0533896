/** Alone with a file, its locks break nothing of the batch oplock. */
import { expect, scenario } from "smbench";
import { openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.brl2" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_brl2");

  await using holder = await openAll(alice, "oplock_brl2", {
    access: "rw",
    share: "rw",
    oplock: "batch",
  });
  expect(holder.granted).toBe("batch");
  await holder.write(0, new Uint8Array(1000));
  const range = { length: 4, kind: "exclusive", failImmediately: true } as const;
  await holder.lock([{ ...range, offset: 0 }]);
  await holder.lock([{ ...range, offset: 2 }], { expect: "LOCK_NOT_GRANTED" });
  await quiet(alice, [[holder, 0]]);
});
