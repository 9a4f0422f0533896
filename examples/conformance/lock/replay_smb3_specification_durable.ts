/** On a durable handle the server knows a LOCK that it had before by its sequence number. */
import { expect, scenario } from "smbench";
import { knowsReplays } from "./_sequence.ts";

export default scenario({
  name: "smb2.lock.replay_smb3_specification_durable",
}, async ({ client }) => {
  const alice = await client("alice");
  await using file = await alice.open("lock-replay-durable.dat", {
    access: "all",
    share: "",
    disposition: "openIf",
    options: ["deleteOnClose"],
    oplock: "batch",
    contexts: ["DHnQ"],
  });
  expect(file.granted).toBe("batch");
  expect(file.durability).toBe("durable");
  await knowsReplays(file);
});
