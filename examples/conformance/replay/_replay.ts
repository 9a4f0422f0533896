/** What the scenarios on replayed requests share. */
import { type CreateContext, expect, type File, type OpenOptions, type User } from "smbench";

/** CreateAction: the file was created (MS-SMB2 2.2.14). */
export const CREATED = 2;

/** SMB2_FLAGS_REPLAY_OPERATION: the request was sent before, and the answer did not come. */
export const REPLAY = { replay: true } as const;

export const POSITION = { class: "FilePositionInformation" } as const;

/** A request for a durable handle: of one CREATE, whenever it is sent, or of another one. */
export function durable(createGuid: string): CreateContext[] {
  return [{ kind: "DH2Q", createGuid, timeout: 0xffffffff }];
}

/** A CREATE with a CreateGuid, by which the server knows it when it comes again. */
export const BATCH: OpenOptions = {
  access: "all",
  share: "",
  disposition: "openIf",
  oplock: "batch",
  contexts: durable("the first"),
};

/** The same with a lease, and shared with everybody. */
export const LEASE: OpenOptions = {
  access: "all",
  disposition: "openIf",
  lease: { state: "RH", key: "kept", version: 1 },
  contexts: durable("the first"),
};

/** Opens a file that is not there yet. */
export async function created(user: User, path: string, options: OpenOptions): Promise<File> {
  await user.remove(path, { expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND"] });
  const file = await user.open(path, options);
  expect(file.action).toBe(CREATED);
  return file;
}

/** Both are one and the same handle, which is closed and the file deleted. */
export async function areOne(first: File, second: File): Promise<void> {
  await second.delete();
  await second.close();
  await first.read(0, 1, { expect: "FILE_CLOSED" });
}
