/** Which oplocks and leases make a handle durable, whatever it shares. */
import { type CreateContext, expect, type OpenOptions, type User } from "smbench";

const SHARES = ["", "r", "w", "d", "rd", "rw", "wd", "rwd"];

/** What a CREATE asks for, and whether the handle is durable then. */
export type Case = readonly [cached: OpenOptions, durable: boolean];

/** Only a batch oplock keeps a handle open on its own. */
export const OPLOCKS: readonly Case[] = [
  [{ oplock: "none" }, false],
  [{ oplock: "II" }, false],
  [{ oplock: "exclusive" }, false],
  [{ oplock: "batch" }, true],
];

/** Only handle caching keeps a handle open on its own. */
export const LEASES: readonly Case[] = [
  [{ lease: "" }, false],
  [{ lease: "R" }, false],
  [{ lease: "RW" }, false],
  [{ lease: "RH" }, true],
  [{ lease: "RWH" }, true],
];

/** Opens a new file with each of them, and in each share mode. */
export async function grants(
  user: User,
  path: string,
  how: { readonly cases: readonly Case[]; readonly request: CreateContext },
): Promise<void> {
  for (const [cached, durable] of how.cases) {
    for (const share of SHARES) {
      await using file = await user.open(path, {
        ...cached,
        access: "all",
        share,
        disposition: "create",
        options: ["deleteOnClose"],
        contexts: [how.request],
      });
      const wanted = cached.oplock ?? cached.lease;
      expect(file.granted).toBe(wanted);
      expect(file.durability, `${wanted}, sharing ${share}`).toBe(durable ? "durable2" : "none");
    }
  }
}
