/** A reconnect goes with no other context about durable handles (MS-SMB2 3.3.5.9.12). */
import { type CreateContext, scenario } from "smbench";
import { comeBack, durableFile, lose, REQUEST } from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.create-blob" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-v2-blob.dat");
  await lose(alice);

  const { tree } = await comeBack(alice);
  const first = { kind: "DHnC", file } as const;
  const second = { kind: "DH2C", file } as const;
  const pairs: CreateContext[][] = [
    ["DHnQ", second],
    [first, REQUEST],
    [first, second],
    [REQUEST, second],
  ];
  for (const contexts of pairs) {
    await tree.open(file.path, { contexts, expect: "INVALID_PARAMETER" });
  }
  await using _gone = await tree.open(file.path, { access: "d", options: ["deleteOnClose"] });
});
