/** What the scenarios on a FLUSH within a compound share. */
import type { ExpectedStatus, User } from "smbench";

/** A FLUSH that others follow cannot go asynchronous: it is done at once, or fails. */
export const AT_ONCE_OR_NEVER: ExpectedStatus = ["SUCCESS", "INTERNAL_ERROR"];

/** The server is still there, also after whatever it does in the background has ended. */
export async function stillServes(user: User, path: string): Promise<void> {
  await user.remove(path);
  for (let i = 0; i < 2; i++) {
    await user.sleep("1s");
    await user.remove(path, { expect: "OBJECT_NAME_NOT_FOUND" });
  }
}
