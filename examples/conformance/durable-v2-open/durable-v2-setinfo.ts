/** A handle through which the file was made longer can be reclaimed, and the file is as long. */
import { expect, scenario } from "smbench";
import { comeBack, done, durableFile, lose, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.durable-v2-setinfo" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-v2-setinfo.dat");
  await file.truncate(1);
  await lose(alice);

  const again = await reclaimed(await comeBack(alice), file);
  expect(again.size).toBe(1);
  await done(again);
});
