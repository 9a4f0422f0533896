/** A CLOSE right behind the FLUSH of the same file. */
import { scenario } from "smbench";
import { AT_ONCE_OR_NEVER, stillServes } from "./_flush.ts";

const PATH = "compound-flush-close.dat";

export default scenario({ name: "smb2.compound_async.flush_close" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await alice.open(PATH, { access: "all", disposition: "overwriteIf" });
  const chain = alice.compound();
  chain.on(file).flush({ expect: AT_ONCE_OR_NEVER });
  chain.close();
  await chain.send();
  await stillServes(alice, PATH);
});
