/** What the scenarios share whose lease was upgraded before the replay. */
import type { File, LeaseOptions, User } from "smbench";
import { created, durable, LEASE } from "./_replay.ts";

/** A lease of this file, in that state. */
export function kept(state: string): LeaseOptions {
  return { state, key: "kept", version: 1 };
}

/** Opens a file with a lease for reading and keeping open, and once more with one for writing too. */
export async function upgraded(user: User, path: string): Promise<{
  readonly first: File;
  readonly second: File;
}> {
  const first = await created(user, path, LEASE);
  const contexts = durable("another one");
  const second = await user.open(path, { ...LEASE, lease: kept("RWH"), contexts });
  return { first, second };
}
