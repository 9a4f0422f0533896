/** What the scenarios on durable handles share: a file that has one, losing the connection, and coming back. */
import {
  type Connection,
  expect,
  type File,
  type OpenOptions,
  type Operation,
  type Session,
  type Tree,
  type User,
} from "smbench";

/** CreateAction (MS-SMB2 2.2.14). */
export const OPENED = 1;
export const CREATED = 2;

/** A connection, logged in, with the share; a `User` is one. */
export interface Place {
  readonly connection: Connection;
  readonly session: Session;
  readonly tree: Tree;
}

/** Everything that the server does not look at when it has the handle, at its strangest. */
export const NONSENSE: OpenOptions = {
  access: 0x12345678,
  share: 0x12345678,
  disposition: 0x12345678,
  options: 0x12345678,
  attributes: 0x12345678,
  impersonation: 0x12345678,
  securityFlags: 0x78,
  createFlags: 0x12345678n,
};

/** A name that no file has. */
export const NOWHERE = "__no_such_file__";

export const NOT_FOUND = { expect: "OBJECT_NAME_NOT_FOUND" } as const;

/** A request for a durable handle (MS-SMB2 2.2.13.2.11), for as long as the server likes. */
export const REQUEST = { kind: "DH2Q", timeout: 0xffffffff } as const;

/** A CreateGuid that no handle has. */
export const NO_GUID = "00000000-0000-0000-0000-000000000000";

/** By a batch oplock, and shared with nobody. */
const BATCH: OpenOptions = { oplock: "batch", share: "" };

/** Makes a new file with a durable handle. */
export async function durableFile(user: User, path: string, options = BATCH): Promise<File> {
  await user.remove(path, { expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND"] });
  const file = await user.open(path, {
    access: "all",
    disposition: "openIf",
    ...options,
    contexts: [REQUEST, ...options.contexts ?? []],
  });
  const { lease } = options;
  expect(file.action).toBe(CREATED);
  expect(file.granted).toBe(typeof lease === "object" ? lease.state : options.oplock);
  expect(file.durability).toBe("durable2");
  return file;
}

/** Cuts the connection, without a word. */
export async function lose({ connection }: Place): Promise<void> {
  connection.disconnect();
  await connection.disconnected();
}

/** Connects again, as the same client unless told, and in the place of `previous` if given. */
export async function comeBack(user: User, options: {
  readonly previous?: Session;
  readonly clientGuid?: string;
} = {}): Promise<Place> {
  const { previous, clientGuid } = options;
  const connection = await user.connect(clientGuid === undefined ? {} : { clientGuid });
  const session = await connection.login(previous === undefined ? {} : { previous });
  return { connection, session, tree: await session.tree() };
}

/** Asks for the handle again (MS-SMB2 2.2.13.2.12), by its CreateGuid and under the file's own name unless told. */
export function reclaim(
  { tree }: Place,
  file: File,
  options: OpenOptions & { readonly path?: string; readonly createGuid?: string } = {},
): Operation<File> {
  const { path = file.path, createGuid, ...others } = options;
  const context = {
    kind: "DH2C",
    file,
    ...createGuid === undefined ? {} : { createGuid },
  } as const;
  return tree.open(path, { ...others, contexts: [context] });
}

/** The handle is there again, with all it had. */
export async function reclaimed(...args: Parameters<typeof reclaim>): Promise<File> {
  const [, file] = args;
  const again = await reclaim(...args);
  expect(again.action).toBe(OPENED);
  expect(again.granted).toBe(file.granted);
  return again;
}

/** Deletes the file, through its handle. */
export async function done(file: File): Promise<void> {
  await file.delete();
  await file.close();
}
