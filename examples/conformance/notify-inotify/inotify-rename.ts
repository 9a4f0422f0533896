/** Who watches a directory is told of both names of what another user renames in it, in one answer or in two. */
import { type Change, expect, scenario } from "smbench";

const PATH = "notify-inotify-rename";

/** FILE_NOTIFY_CHANGE_FILE_NAME and FILE_NOTIFY_CHANGE_DIR_NAME (MS-SMB2 2.2.35). */
const NAMES = { filter: 0x03, outputLength: 1000 } as const;

/** A server that sees no more of a rename than its file system tells calls it a removal and an addition. */
const SEEN: readonly (readonly Change["action"][])[] = [
  ["renamedFrom", "renamedTo"],
  ["removed", "added"],
];

export default scenario({ name: "smb2.notify-inotify.inotify-rename" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using watched = await alice.open(PATH, {
    access: "r",
    disposition: "openIf",
    options: ["directory"],
  });
  await bob.mkdir(`${PATH}/subdir`);

  const watch = watched.changes(NAMES);
  expect(await watch.pending).toBe(true);
  await bob.rename(`${PATH}/subdir`, `${PATH}/subdir-r`);
  const changes = await watch;
  if (changes.length === 1) changes.push(...await watched.changes(NAMES));

  expect(changes.map(({ name }) => name)).toEqual(["subdir", "subdir-r"]);
  expect(SEEN).toContainEqual(changes.map(({ action }) => action));
  await bob.remove(`${PATH}/subdir-r`);
  await bob.remove(PATH);
});
