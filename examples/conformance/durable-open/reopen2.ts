/** A handle outlives its connection; the file id alone brings it back, and nothing else is looked at. */
import { scenario } from "smbench";
import {
  comeBack,
  done,
  durableFile,
  lose,
  NONSENSE,
  NOWHERE,
  type Place,
  type reclaim,
  reclaimed,
} from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen2" }, async ({ client }) => {
  const alice = await client("alice");
  let file = await durableFile(alice, "durable-reopen2.dat");
  let place: Place = alice;
  const ways: Parameters<typeof reclaim>[2][] = [
    {},
    { ...NONSENSE, oplock: 0x78, path: NOWHERE },
    // A request for a durable handle beside the reconnect is ignored (MS-SMB2 3.3.5.9.7).
    { contexts: ["DHnQ"] },
  ];
  for (const options of ways) {
    await lose(place);
    place = await comeBack(alice);
    file = await reclaimed(place, file, options);
  }
  await done(file);
});
