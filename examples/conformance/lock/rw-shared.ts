/** Under a shared lock everybody may read and nobody may write, not even who holds it. */
import { scenario } from "smbench";
import { accessUnder } from "./_access.ts";

export default scenario({ name: "smb2.lock.rw-shared" }, async ({ client }) => {
  const readOnly = { write: "FILE_LOCK_CONFLICT", read: "SUCCESS" };
  await accessUnder("shared", { user: await client("alice"), owner: readOnly, other: readOnly });
});
