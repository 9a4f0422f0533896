/** Who is asked to keep RH may keep less, here nothing (MS-SMB2 3.3.5.22.2). */
import { expect, scenario } from "smbench";
import { BREAK_IN_PROGRESS, broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking6" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _file = await scratch(alice, "lease_breaking6");
  const ask = () => openAll(alice, "lease_breaking6", { lease: v1("RWH", "key") });
  await using holder = await ask();
  expect(holder.lease).toMatchObject({ state: "RWH", flags: 0 });

  const waiting = openAll(alice, "lease_breaking6");
  const event = await broken(holder, "RWH", "RH");
  const beside = await ask();
  expect(beside.lease).toMatchObject({ state: "RWH", flags: BREAK_IN_PROGRESS });
  await beside.close();
  await quiet(alice, [[holder, 1]]);

  await event.acknowledge({ to: "" });
  await using admitted = await waiting;
  expect(admitted).toMatchObject({ action: 1, granted: "none" });
  await quiet(alice, [[holder, 1]]);
});
