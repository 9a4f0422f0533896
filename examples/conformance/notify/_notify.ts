/** What the scenarios on change notifications share: a directory to watch, and things to change in it. */
import {
  type Change,
  expect,
  type File,
  type NotifyOptions,
  type Operation,
  type User,
} from "smbench";

/** FILE_NOTIFY_CHANGE_FILE_NAME and FILE_NOTIFY_CHANGE_DIR_NAME (MS-SMB2 2.2.35). */
export const NAMES = { filter: 0x03, recursive: true, outputLength: 1000 } as const;

/** FILE_NOTIFY_CHANGE_ATTRIBUTES. */
export const ATTRIBUTES = { ...NAMES, filter: 0x04 } as const;

/** A directory of this scenario's own; with what is in it gone, it goes when it is closed. */
export async function directory(user: User, path: string): Promise<File> {
  return await user.open(path, {
    access: "all",
    disposition: "openIf",
    options: ["directory", "deleteOnClose"],
  });
}

/** Asks for changes and takes that back: from then on the server remembers what happens. */
export async function remember(watched: File, options: typeof NAMES = NAMES): Promise<void> {
  const watch = watched.changes({ ...options, expect: "CANCELLED" });
  await watch.pending;
  watch.cancel();
  await watch;
}

/** Asks for changes, and goes on when the server watches; in an object, because an operation is a promise itself. */
export async function watching(
  watched: File,
  options: NotifyOptions,
): Promise<{ readonly watch: Operation<Change[]> }> {
  const watch = watched.changes(options);
  expect(await watch.pending).toBe(true);
  return { watch };
}

/** One change: that of a name in the watched directory. */
export function only(action: Change["action"], name: string): Change[] {
  return [{ action, name }];
}

/** Hides a file or directory, by SET_INFO FileBasicInformation: four times that stay, and the attributes. */
export async function hide(user: User, path: string): Promise<void> {
  await using file = await user.open(path, {
    access: ["FILE_WRITE_ATTRIBUTES", "SYNCHRONIZE"],
  });
  await file.setInfo(new Uint8Array(40).fill(0x02, 32, 33), { class: "FileBasicInformation" });
}
