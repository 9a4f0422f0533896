/**
 * The acknowledgement of a break may keep less than the server offers, never more: it is refused with
 * REQUEST_NOT_ACCEPTED, and the break stays open. One that nobody waits for is UNSUCCESSFUL (MS-SMB2 3.3.5.22.2).
 */
import { expect, scenario } from "smbench";
import { BREAK_IN_PROGRESS, broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking2" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _file = await scratch(alice, "lease_breaking2");
  const ask = async (state: string) =>
    await openAll(alice, "lease_breaking2", { lease: v1(state, "key") });

  await using holder = await ask("RWH");
  expect(holder.lease).toMatchObject({ state: "RWH", flags: 0 });
  const overwriting = openAll(alice, "lease_breaking2", { disposition: "overwrite" });
  expect(await overwriting.pending).toBe(true);
  const event = await broken(holder, "RWH", "");

  const beside = await ask("RWH");
  expect(beside.lease).toMatchObject({ state: "RWH", flags: BREAK_IN_PROGRESS });
  await beside.close();

  for (const to of ["RWH", "RW", "WH", "RH", "W", "H", "R"]) {
    await event.acknowledge({ to, expect: "REQUEST_NOT_ACCEPTED" });
  }
  await event.acknowledge({ to: "" });
  await event.acknowledge({ to: "", expect: "UNSUCCESSFUL" });

  await using emptied = await overwriting;
  expect(emptied).toMatchObject({ action: 3, granted: "none" });
  await quiet(alice, [[holder, 1]]);
  await using again = await ask("");
  expect(again.lease).toMatchObject({ state: "", flags: 0 });
});
