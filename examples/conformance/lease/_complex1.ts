/** What complex1 and v2_complex1 have in common: one lease used over two connections of a client. */
import { expect, type LeaseOptions, type User } from "smbench";
import { another, broken, openAll, PAGE, quiet, scratch } from "./_leases.ts";

/** A lease as an answer and its break shall describe it. */
type Counted = (epoch: number) => object;

/**
 * A lease belongs to the client, not to the connection: it grows over one, and lives on in the other.
 *
 * @param counted What is expected of an epoch.
 */
export async function leaseOverTwoConnections(user: User, path: string, options: {
  readonly lease: (state: string, key: string, epoch: number) => LeaseOptions;
  readonly counted: Counted;
}): Promise<void> {
  const { lease, counted } = options;
  await using _file = await scratch(user, path);
  const { tree: second } = await another(user);
  const first = (state: string) => ({ lease: lease(state, "first", 0x4711) });

  await using holder = await openAll(user, path, first("R"));
  expect(holder.lease).toMatchObject({ state: "R", ...counted(0x4712) });
  const more = await openAll(second, path, first("RWH"));
  expect(more.lease).toMatchObject({ state: "RWH", ...counted(0x4713) });
  await more.close();

  await using other = await openAll(second, path, { lease: lease("R", "second", 0x11) });
  expect(other.lease).toMatchObject({ state: "R", ...counted(0x12) });
  expect(await broken(holder, "RWH", "RH")).toMatchObject(counted(0x4714));
  const same = await openAll(second, path, first("RH"));
  expect(same.lease).toMatchObject({ state: "RH", ...counted(0x4714) });
  await same.close();

  await holder.write(0, PAGE);
  expect(await broken(other, "R", "")).toMatchObject(counted(0x13));
  await other.write(0, PAGE);
  expect(await broken(holder, "RH", "")).toMatchObject(counted(0x4715));
  await quiet(user, [[holder, 2], [other, 1]]);
}
