/**
 * A byte-range lock breaks the leases of all others to none, on whatever connection and of whatever client, and leaves
 * the lease of its own handle alone.
 */
import { expect, scenario, type Tree, type User } from "smbench";
import { another, broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.lock1" }, async ({ client }) => {
  const alice = await client("alice");
  const { tree: second } = await another(alice);
  const bob = await client("bob");
  await using _file = await scratch(alice, "lease_lock1");
  const ask = (on: User | Tree, state: string, key: string) =>
    openAll(on, "lease_lock1", { lease: v1(state, key) });

  await using first = await ask(alice, "RWH", "one");
  expect(first.lease).toMatchObject({ state: "RWH" });
  await using beside = await ask(second, "RWH", "two");
  expect(beside.lease).toMatchObject({ state: "RH" });
  await broken(first, "RWH", "RH");
  await using theirs = await ask(bob, "RWH", "three");
  expect(theirs.lease).toMatchObject({ state: "RH" });
  await quiet(alice, [[first, 1], [beside, 0]]);

  await first.lock([{ offset: 0, length: 1, kind: "exclusive" }]);
  await broken(beside, "RH", "");
  await broken(theirs, "RH", "");
  await quiet(alice, [[first, 1], [beside, 1], [theirs, 1]]);
  for (
    const [on, key, state] of [
      [alice, "one", "RH"],
      [second, "two", ""],
      [bob, "three", ""],
    ] as const
  ) {
    await using look = await ask(on, "", key);
    expect(look.lease).toMatchObject({ state });
  }

  await theirs.lock([{ offset: 100, length: 1, kind: "exclusive" }]);
  await broken(first, "RH", "");
});
