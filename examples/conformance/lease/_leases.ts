/** What the scenarios of this folder share: files to try leases on, opens that ask for one, and waiting for breaks. */
import {
  type Break,
  type Connection,
  expect,
  type File,
  type LeaseOptions,
  type OpenOptions,
  type Operation,
  type RawRequest,
  type Tree,
  type User,
} from "smbench";

/** Capabilities of the server: leases on directories (MS-SMB2 2.2.4). */
export const DIRECTORY_LEASING = 0x20;

/** LeaseFlags: the server waits for an acknowledgement (MS-SMB2 2.2.14.2.10). */
export const BREAK_IN_PROGRESS = 0x02;

/** LeaseFlags: ParentLeaseKey is set (MS-SMB2 2.2.14.2.11). */
export const PARENT_LEASE_KEY_SET = 0x04;

/** A lease as 2.1 knows it. */
export function v1(state: string, key: string): LeaseOptions {
  return { state, key, version: 1 };
}

/** A lease as 3.0 knows it. */
export function v2(state: string, key: string, epoch: number): LeaseOptions {
  return { state, key, epoch, version: 2 };
}

/** Opens a file, or creates it, for everything and shared with everybody. */
export function openAll(
  on: User | Tree,
  path: string,
  options: OpenOptions = {},
): Operation<File> {
  return on.open(path, {
    access: "all",
    disposition: "openIf",
    options: ["nonDirectory"],
    ...options,
  });
}

/** Makes sure that there is no such file, now and after the scenario. */
export async function scratch(user: User, path: string): Promise<AsyncDisposable> {
  await user.remove(path, {
    expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND"],
  });
  return { [Symbol.asyncDispose]: () => user.remove(path, { expect: "any" }) };
}

/** The next break of a lease; whoever waits longer than this waits in vain. */
export async function broken(file: File, from: string, to: string): Promise<Break> {
  const event = await file.leaseBreak({ timeout: "2s" });
  // What was cached for reading alone goes without a word (MS-SMB2 3.3.4.7).
  expect(event).toMatchObject({ from, to, ackRequired: /[WH]/.test(from) });
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

/** The share once more, over a connection of its own with the same ClientGuid. */
export async function another(
  user: User,
): Promise<{ readonly connection: Connection; readonly tree: Tree }> {
  const connection = await user.connect();
  const session = await connection.login();
  return { connection, tree: await session.tree() };
}

/** What is written where it does not matter. */
export const PAGE: Uint8Array = new Uint8Array(4096).fill(0x6f);

/** OPLOCK_BREAK with a lease break acknowledgement (MS-SMB2 2.2.24.2), whatever the client thinks of it. */
export function leaseAcknowledgement(key: Uint8Array, state: number): RawRequest {
  const body = new Uint8Array(36);
  const view = new DataView(body.buffer);
  view.setUint16(0, body.length, true);
  body.set(key, 8);
  view.setUint32(24, state, true);
  return { header: { command: 0x12 }, body };
}
