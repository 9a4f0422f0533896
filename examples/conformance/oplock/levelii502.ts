/** An oplock ends with its client, however that ends: who comes next finds nothing to break, and gets all of it. */
import { expect, scenario } from "smbench";
import { openAll, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.levelii502" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(bob, "oplock_levelii502");
  const ask = { access: "rw", share: "rw" } as const;
  const holder = await openAll(alice, "oplock_levelii502", { ...ask, oplock: "II" });
  expect(holder.granted).toBe("II");
  alice.connection.disconnect();
  await bob.sleep("1s");
  await using next = await openAll(bob, "oplock_levelii502", {
    ...ask,
    disposition: "overwrite",
    oplock: "batch",
  });
  expect(next).toMatchObject({ action: 3, granted: "batch" });
});
