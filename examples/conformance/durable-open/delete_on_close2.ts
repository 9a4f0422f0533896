/** A file that goes when it is closed can be reclaimed before, and goes then. */
import { expect, scenario } from "smbench";
import { comeBack, CREATED, durableFile, lose, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.delete_on_close2" }, async ({ client }) => {
  const alice = await client("alice");
  const options = { oplock: "batch", share: "", options: ["deleteOnClose"] } as const;
  const file = await durableFile(alice, "durable-delete2.dat", options);
  await file.write(0, new Uint8Array(1));
  await lose(alice);

  const place = await comeBack(alice, { previous: alice.session });
  const again = await reclaimed(place, file);
  expect(again.size).toBe(1);
  await again.close();
  await place.session.logoff();

  const { tree } = await comeBack(alice);
  await using anew = await tree.open(file.path, {
    ...options,
    access: "all",
    disposition: "openIf",
    contexts: ["DHnQ"],
  });
  expect(anew).toMatchObject({ action: CREATED, size: 0, granted: "batch", durability: "durable" });
});
