/** What the scenarios share in which the directory goes away under a watch. */
import { expect, type File, type User } from "smbench";
import { directory, NAMES, watching } from "./_notify.ts";

/** A watch ends with NOTIFY_CLEANUP, and without changes, by what `end` does. */
export async function cleanedUp(path: string, how: {
  readonly watcher: User;
  /** Keeps the directory until the end, and deletes it. */
  readonly keeper: User;
  readonly end: (watched: File) => Promise<unknown>;
}): Promise<void> {
  await using _kept = await directory(how.keeper, path);
  const watched = await how.watcher.open(path, { access: "all", options: ["directory"] });
  const { watch } = await watching(watched, { ...NAMES, expect: "NOTIFY_CLEANUP" });
  await how.end(watched);
  expect(await watch).toEqual([]);
}
