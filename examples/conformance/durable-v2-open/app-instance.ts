/** An application that comes back on another client takes the file over: its handle is closed, without a break. */
import { expect, scenario } from "smbench";
import { done, durableFile, OPENED, REQUEST } from "./_durable.ts";

const APPLICATION = {
  kind: "AppInstanceId",
  appInstanceId: "5d0c8e4b-6a0f-4f6e-9a35-1f1f0d8b7c21",
} as const;

export default scenario({ name: "smb2.durable-v2-open.app-instance" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "close" });
  const bob = await client("bob");
  const options = { oplock: "batch", share: "", contexts: [APPLICATION] } as const;
  const file = await durableFile(alice, "durable-v2-app-instance.dat", options);

  const contexts = [REQUEST, APPLICATION];
  const taken = await bob.open(file.path, { ...options, access: "all", contexts });
  expect(taken).toMatchObject({ action: OPENED, granted: "batch", durability: "durable2" });
  expect(file.breaks).toHaveLength(0);
  await file.close({ expect: "FILE_CLOSED" });
  await done(taken);
});
