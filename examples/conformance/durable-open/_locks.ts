/** What the scenarios share in which the handle has locked a range. */
import type { OpenOptions, User } from "smbench";
import { comeBack, done, durableFile, lose, reclaimed } from "./_durable.ts";

/** A lock is still there after a reconnect: it can be taken back. */
export async function keepsItsLock(user: User, path: string, options: OpenOptions): Promise<void> {
  const file = await durableFile(user, path, options);
  await file.lock([{ offset: 0, length: 1, kind: "exclusive" }]);
  await lose(user);

  const place = await comeBack(user);
  const { lease } = options;
  const again = await reclaimed(place, file, lease === undefined ? {} : { lease });
  await again.lock([{ offset: 0, length: 1, kind: "unlock" }]);
  await done(again);
}
