/** What v1_bug15148 and v2_bug15148 have in common. */
import { expect, type LeaseOptions, type User } from "smbench";
import { broken, openAll, PAGE, quiet, scratch } from "./_leases.ts";

/** A lease that is broken already is not broken again, and its holder's writes break the others as before. */
export async function writeInTurns(user: User, path: string, options: {
  readonly lease: (state: string, key: string, epoch: number) => LeaseOptions;
  readonly counted: (epoch: number) => object;
}): Promise<void> {
  const { lease, counted } = options;
  await using _file = await scratch(user, path);
  await using first = await openAll(user, path, { lease: lease("R", "first", 0x4711) });
  expect(first.lease).toMatchObject({ state: "R", ...counted(0x4712) });
  await using second = await openAll(user, path, { lease: lease("R", "second", 0x11) });
  expect(second.lease).toMatchObject({ state: "R", ...counted(0x12) });
  await quiet(user, [[first, 0], [second, 0]]);

  await first.write(0, PAGE);
  expect(await broken(second, "R", "")).toMatchObject(counted(0x13));
  await first.write(0, PAGE);
  await quiet(user, [[first, 0], [second, 1]]);
  await second.write(0, PAGE);
  expect(await broken(first, "R", "")).toMatchObject(counted(0x4713));
  await quiet(user, [[first, 1], [second, 1]]);
}
