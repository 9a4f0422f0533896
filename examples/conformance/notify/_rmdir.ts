/** What the scenarios share in which a watched directory is deleted. */
import type { User } from "smbench";
import { NAMES, watching } from "./_notify.ts";

/** Whoever watches a directory that is about to go is told so, even while he keeps it open. */
export async function watchedIsDeleted(how: {
  readonly path: string;
  readonly watcher: User;
  readonly remover: User;
  /** By an open that deletes on close; otherwise by SET_INFO. */
  readonly onClose: boolean;
}): Promise<void> {
  const { path, watcher, remover } = how;
  const watched = await watcher.open(path, {
    access: "all",
    disposition: "openIf",
    options: ["directory"],
  });
  const { watch } = await watching(watched, { ...NAMES, expect: "DELETE_PENDING" });

  const doomed = await remover.open(path, {
    access: "all",
    options: how.onClose ? ["directory", "deleteOnClose"] : ["directory"],
  });
  if (!how.onClose) await doomed.delete();
  await doomed.close();

  await watch;
  await watched.close();
}
