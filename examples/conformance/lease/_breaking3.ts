/** What breaking3 and v2_breaking3 have in common: one break after another, down to none. */
import { expect, type LeaseOptions, type User } from "smbench";
import { BREAK_IN_PROGRESS, broken, openAll, quiet, scratch } from "./_leases.ts";

/**
 * Two opens wait for one lease: one that may share it, and one that empties the file. The server asks for as little as
 * it can each time, and goes on asking after each answer until the second open can go on too.
 *
 * @param epochs What the answers to opens say, in order, then what each break says.
 */
export async function breakStepByStep(user: User, path: string, options: {
  readonly lease: LeaseOptions;
  readonly opens: readonly object[];
  readonly breaks: readonly object[];
}): Promise<void> {
  const { lease, opens, breaks } = options;
  await using _file = await scratch(user, path);
  await using holder = await openAll(user, path, { lease });
  expect(holder.lease).toMatchObject({ state: "RWH", flags: 0, ...opens[0] });

  const done: string[] = [];
  const sharing = openAll(user, path);
  void sharing.outcome.then(() => done.push("sharing"));
  const toRead = await broken(holder, "RWH", "RH");
  expect(toRead).toMatchObject(breaks[0] ?? {});
  await openBeside("RWH", opens[1]);

  const emptying = openAll(user, path, { disposition: "overwrite" });
  void emptying.outcome.then(() => done.push("emptying"));
  expect(await emptying.pending).toBe(true);
  await openBeside("RWH", opens[1]);
  await quiet(user, [[holder, 1]]);

  await toRead.acknowledge();
  const toShare = await broken(holder, "RH", "R");
  expect(toShare).toMatchObject(breaks[1] ?? {});
  await openBeside("RH", opens[2]);
  await quiet(user, [[holder, 2]]);
  expect(done).toEqual([]);

  await toShare.acknowledge();
  expect(await broken(holder, "R", "")).toMatchObject(breaks[2] ?? {});
  await using shared = await sharing;
  expect(shared).toMatchObject({ action: 1, granted: "none" });
  await using emptied = await emptying;
  expect(emptied).toMatchObject({ action: 3, granted: "none" });
  await quiet(user, [[holder, 3]]);

  async function openBeside(state: string, more: object = {}) {
    await using beside = await openAll(user, path, { lease });
    expect(beside.lease).toMatchObject({ state, flags: BREAK_IN_PROGRESS, ...more });
  }
}
