/** Beside an open without an oplock there is level II at most, and a write through that open breaks it. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.batch10" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using _file = await scratch(alice, "oplock_batch10");

  await using plain = await openAll(alice, "oplock_batch10");
  expect(plain.granted).toBe("none");
  await using holder = await openAll(bob, "oplock_batch10", {
    disposition: "open",
    oplock: "batch",
  });
  expect(holder.granted).toBe("II");
  await quiet(alice, [[plain, 0], [holder, 0]]);
  await plain.write(0, new Uint8Array(65535));
  await broken(holder, "none");
  await quiet(alice, [[plain, 0], [holder, 1]]);
});
