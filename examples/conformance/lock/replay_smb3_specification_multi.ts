/** Where sessions may have several channels, the server knows a LOCK that it had before, on whatever handle. */
import { scenario } from "smbench";
import { scratchFile } from "./_lock.ts";
import { knowsReplays } from "./_sequence.ts";

export default scenario({
  name: "smb2.lock.replay_smb3_specification_multi",
}, async ({ client }) => {
  await using file = await scratchFile(await client("alice"), "lock-replay-multi.dat");
  await knowsReplays(file);
});
