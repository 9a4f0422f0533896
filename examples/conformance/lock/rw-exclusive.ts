/** Under an exclusive lock its handle may read and write, and no other one may do either. */
import { scenario } from "smbench";
import { accessUnder } from "./_access.ts";

export default scenario({ name: "smb2.lock.rw-exclusive" }, async ({ client }) => {
  await accessUnder("exclusive", {
    user: await client("alice"),
    owner: { write: "SUCCESS", read: "SUCCESS" },
    other: { write: "FILE_LOCK_CONFLICT", read: "FILE_LOCK_CONFLICT" },
  });
});
