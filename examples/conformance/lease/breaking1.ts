/**
 * An open that breaks a lease waits for the acknowledgement, and says so. Opens with the key of the breaking lease do
 * not: they get its old state, with the flag that a break is in progress (MS-SMB2 2.2.14.2.10).
 */
import { expect, scenario } from "smbench";
import { BREAK_IN_PROGRESS, broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking1" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _file = await scratch(alice, "lease_breaking1");
  const ask = () => openAll(alice, "lease_breaking1", { lease: v1("RWH", "key") });
  await using holder = await ask();
  expect(holder.lease).toMatchObject({ state: "RWH", flags: 0 });

  let done = false;
  const waiting = openAll(alice, "lease_breaking1");
  void waiting.outcome.then(() => done = true);
  expect(await waiting.pending).toBe(true);
  const event = await broken(holder, "RWH", "RH");
  const beside = await ask();
  expect(beside.lease).toMatchObject({ state: "RWH", flags: BREAK_IN_PROGRESS });
  await beside.close();
  await quiet(alice, [[holder, 1]]);
  expect(done).toBe(false);

  await event.acknowledge();
  await using admitted = await waiting;
  expect(admitted).toMatchObject({ action: 1, granted: "none" });
  await quiet(alice, [[holder, 1]]);
});
