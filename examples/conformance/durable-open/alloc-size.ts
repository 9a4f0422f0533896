/** What the file occupies is the same before and after each reconnect, and grows with what is written. */
import { expect, type File, scenario } from "smbench";
import { comeBack, done, durableFile, lose, type Place, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.alloc-size" }, async ({ client }) => {
  const alice = await client("alice");
  const options = {
    oplock: "batch",
    share: "",
    contexts: [{ kind: "AlSi", allocationSize: 0x1000 }],
  } as const;
  let file: File = await durableFile(alice, "durable-alloc-size.dat", options);
  const step = (await file.stat()).allocation;
  expect(step).not.toBe(0);

  let place: Place = alice;
  async function afterReconnect(): Promise<void> {
    await lose(place);
    place = await comeBack(alice, { previous: place.session });
    file = await reclaimed(place, file);
  }
  await afterReconnect();
  expect(await file.stat()).toMatchObject({ allocation: step, size: 0 });
  await file.write(0, new Uint8Array(1));
  await afterReconnect();
  expect(await file.stat()).toMatchObject({ allocation: step, size: 1 });
  await file.write(1, new Uint8Array(step));
  await afterReconnect();
  expect(await file.stat()).toMatchObject({ allocation: 2 * step, size: step + 1 });
  await done(file);
});
