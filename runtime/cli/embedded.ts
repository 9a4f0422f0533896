/** The server in memory that a run uses when no target is named. */
import { startServer } from "../server/mod.ts";
import type { Target, UserName } from "./target.ts";

/** A server of this process, and how to log in. */
export interface EmbeddedTarget extends AsyncDisposable {
  readonly target: Target;
  readonly account: UserName & { readonly password: string };
}

const USER = "smbench";
const SHARE = "share";

/** Starts a server with one empty share on a free loopback port. Nobody else knows its password. */
export function startEmbedded(): EmbeddedTarget {
  const password = crypto.randomUUID();
  const server = startServer({
    hostname: "127.0.0.1",
    port: 0,
    shares: [{ name: SHARE }],
    users: [{ name: USER, password }],
  });
  return {
    target: {
      hostname: server.address.hostname,
      port: server.address.port,
      share: SHARE,
      root: "",
      user: null,
    },
    account: { user: USER, domain: "", password },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
