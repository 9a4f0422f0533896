/**
 * Without writing to flush, nobody waits: an open that empties a file held with RH is let in before the break is
 * acknowledged, and so is the next one. The lease stays what it was, breaking, until then (MS-SMB2 3.3.5.22.2).
 */
import { expect, scenario } from "smbench";
import { BREAK_IN_PROGRESS, broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking4" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _file = await scratch(alice, "lease_breaking4");
  await using holder = await openAll(alice, "lease_breaking4", { lease: v1("RH", "key") });
  expect(holder.lease).toMatchObject({ state: "RH", flags: 0 });

  const first = await openAll(alice, "lease_breaking4", { disposition: "overwrite" });
  const event = await broken(holder, "RH", "");
  expect(first).toMatchObject({ action: 3, granted: "none" });
  await first.close();
  const second = await openAll(alice, "lease_breaking4", { disposition: "overwrite" });
  expect(second).toMatchObject({ action: 3, granted: "none" });
  await second.close();

  await using beside = await openAll(alice, "lease_breaking4", { lease: v1("", "key") });
  expect(beside.lease).toMatchObject({ state: "RH", flags: BREAK_IN_PROGRESS });
  await quiet(alice, [[holder, 1]]);
  await event.acknowledge();
  await quiet(alice, [[holder, 1]]);
});
