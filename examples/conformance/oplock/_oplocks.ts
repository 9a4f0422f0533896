/** What the scenarios of this folder share: files to try oplocks on, opens of several kinds, and waiting for breaks. */
import {
  type Break,
  expect,
  type ExpectedStatus,
  type File,
  type OpenOptions,
  type Operation,
  type User,
} from "smbench";

/** Access to attributes alone. */
export const ATTRIBUTES: readonly string[] = [
  "FILE_READ_ATTRIBUTES",
  "FILE_WRITE_ATTRIBUTES",
  "SYNCHRONIZE",
];

/** Opens a file, or creates it, for everything. */
export function openAll(user: User, path: string, options: OpenOptions = {}): Operation<File> {
  return user.open(path, { access: "all", disposition: "openIf", ...options });
}

/** Opens a file and closes it at once, which deletes it. */
export async function unlink(user: User, path: string, status: ExpectedStatus = "SUCCESS") {
  await using _file = await user.open(path, {
    access: ["DELETE"],
    options: ["deleteOnClose", "openReparsePoint"],
    expect: status,
  });
}

/** Makes sure that there is no such file or directory, now and after the scenario. */
export async function scratch(user: User, path: string): Promise<AsyncDisposable> {
  await user.remove(path, {
    expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND"],
  });
  return { [Symbol.asyncDispose]: () => user.remove(path, { expect: "any" }) };
}

/** The next break of an oplock; whoever waits longer than this waits in vain. */
export async function broken(file: File, to: "II" | "none"): Promise<Break> {
  const event = await file.oplockBreak({ timeout: "2s" });
  expect(event.to).toBe(to);
  return event;
}

/** Lets breaks come that should not, and checks that each file had as many as it says. */
export async function quiet(
  user: User,
  files: readonly (readonly [File, number])[],
): Promise<void> {
  await user.sleep("100ms");
  for (const [file, count] of files) expect(file.breaks).toHaveLength(count);
}
