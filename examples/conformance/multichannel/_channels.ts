/** What the scenarios on sessions with several channels share. */
import { expect, type File, type OpenOptions, type Session, type User } from "smbench";

/** One more connection of the same client, which joins the session. */
export async function channel(user: User): Promise<Session> {
  const connection = await user.connect();
  return await connection.login({ bind: user.session });
}

/** The owner opens a file on each of its channels; the other one opens them all, and each time the owner is told. */
export async function brokenOnEach(path: string, how: {
  readonly owner: User;
  readonly channels: readonly Session[];
  readonly other: User;
  readonly cached: OpenOptions;
  /** What the owner has, and what both have in the end. */
  readonly from: string;
  readonly to: string;
}): Promise<void> {
  const { channels, owner, cached, from, to } = how;
  const files: File[] = [];
  for (const [i, via] of channels.entries()) {
    const file = await owner.open(`${path}${i}.dat`, {
      ...cached,
      access: "all",
      disposition: "openIf",
      options: ["deleteOnClose"],
      via,
    });
    expect(file.granted).toBe(from);
    files.push(file);
  }
  for (const file of files) {
    await using theirs = await how.other.open(file.path, { ...cached, access: "all" });
    expect(theirs.granted).toBe(to);
    expect(file.breaks).toMatchObject([{ from, to, ackRequired: true }]);
  }
  for (const file of files) await file.close();
}
