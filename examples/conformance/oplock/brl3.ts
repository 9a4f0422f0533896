/** A lock breaks the locker's own level II also when the other open is its own client's. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.brl3" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_brl3");

  const ask = { access: "rw", share: "rw" } as const;
  await using holder = await openAll(alice, "oplock_brl3", { ...ask, oplock: "batch" });
  expect(holder.granted).toBe("batch");
  await holder.write(0, new Uint8Array(1000));
  await using _other = await openAll(alice, "oplock_brl3", ask);
  await broken(holder, "II");

  const range = { length: 4, kind: "exclusive", failImmediately: true } as const;
  await holder.lock([{ ...range, offset: 0 }]);
  await broken(holder, "none");
  await holder.lock([{ ...range, offset: 2 }], { expect: "LOCK_NOT_GRANTED" });
  await quiet(alice, [[holder, 2]]);
});
