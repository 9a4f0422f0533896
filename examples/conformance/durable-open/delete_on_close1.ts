/** A file that goes when it is closed goes with the connection, durable handle or not. */
import { expect, scenario } from "smbench";
import { comeBack, CREATED, durableFile, lose } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.delete_on_close1" }, async ({ client }) => {
  const alice = await client("alice");
  const options = { oplock: "batch", share: "", options: ["deleteOnClose"] } as const;
  const file = await durableFile(alice, "durable-delete1.dat", options);
  await file.write(0, new Uint8Array(1));
  await lose(alice);

  const { tree } = await comeBack(alice);
  await using anew = await tree.open(file.path, {
    ...options,
    access: "all",
    disposition: "openIf",
  });
  expect(anew.action).toBe(CREATED);
  expect(anew.size).toBe(0);
  expect(anew.granted).toBe("batch");
  expect(anew.durability).toBe("none");
});
