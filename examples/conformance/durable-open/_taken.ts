/** What the scenarios share in which somebody else opens the file before the handle's owner is back. */
import { expect, type OpenOptions, type User } from "smbench";
import { comeBack, durableFile, lose, NOT_FOUND, OPENED, reclaim } from "./_durable.ts";

/** A lost handle gives way to the next open, and is gone. */
export async function givesWay(path: string, how: {
  readonly owner: User;
  readonly other: User;
  /** How the owner opens. */
  readonly lost: OpenOptions;
  /** How the other one opens. */
  readonly next: OpenOptions;
}): Promise<void> {
  const { owner, other } = how;
  const file = await durableFile(owner, path, how.lost);
  await lose(owner);

  await using theirs = await other.open(path, { access: "all", ...how.next });
  expect(theirs.action).toBe(OPENED);
  const { oplock = "none", lease } = how.next;
  expect(theirs.granted).toBe(lease ?? oplock);
  expect(theirs.durability).toBe(how.next.contexts === undefined ? "none" : "durable");

  const back = await comeBack(owner);
  const { lease: kept } = how.lost;
  await reclaim(back, file, { ...NOT_FOUND, ...kept === undefined ? {} : { lease: kept } });
  await theirs.delete();
}
