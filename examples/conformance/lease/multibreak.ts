/** Two handles of one lease get one break. An open that empties the file breaks every lease and oplock to none. */
import { expect, scenario } from "smbench";
import { broken, openAll, PAGE, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.multibreak" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_multibreak");
  const ask = (state: string, key: string) =>
    openAll(alice, "lease_multibreak", { lease: v1(state, key) });
  {
    await using first = await ask("RH", "first");
    expect(first.lease).toMatchObject({ state: "RH" });
    await using more = await ask("RWH", "first");
    expect(more.lease).toMatchObject({ state: "RWH" });
    await using second = await ask("RWH", "second");
    expect(second.lease).toMatchObject({ state: "RH" });
    await broken(first, "RWH", "RH");
    await quiet(alice, [[first, 1], [more, 1], [second, 0]]);
  }
  await using leased = await ask("R", "first");
  expect(leased.lease).toMatchObject({ state: "R" });
  await using locked = await openAll(alice, "lease_multibreak", { oplock: "II" });
  expect(locked.granted).toBe("II");
  await quiet(alice, [[leased, 0], [locked, 0]]);

  await using emptied = await openAll(alice, "lease_multibreak", { disposition: "overwriteIf" });
  expect(emptied).toMatchObject({ action: 3, granted: "none" });
  await emptied.write(0, PAGE);
  await broken(leased, "R", "");
  expect(await locked.oplockBreak()).toMatchObject({ to: "none" });
  await quiet(alice, [[leased, 1], [locked, 1]]);
});
