/** The scenario of samba_users_bench.ts: each round a user opens its own file, writes 4 KiB, reads them, and closes. */
import { scenario } from "smbench";

const BLOCK = new Uint8Array(4096).fill(7);

export default scenario({ name: "files of many users" }, async ({ client, user }) => {
  const me = await client();
  await using file = await me.open(`${user.name}.dat`, { access: "rw", disposition: "openIf" });
  await file.write(0, BLOCK);
  await file.read(0, BLOCK.length);
});
