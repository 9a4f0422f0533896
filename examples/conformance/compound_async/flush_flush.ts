/** Of two FLUSH in one transmission the last one may go asynchronous, and succeeds. */
import { scenario } from "smbench";
import { AT_ONCE_OR_NEVER, stillServes } from "./_flush.ts";

const PATH = "compound-flush-flush.dat";

export default scenario({ name: "smb2.compound_async.flush_flush" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await alice.open(PATH, { access: "all", disposition: "overwriteIf" });
  const chain = alice.compound();
  chain.on(file).flush({ expect: AT_ONCE_OR_NEVER });
  chain.flush();
  await chain.send();
  await file.close();
  await stillServes(alice, PATH);
});
