/**
 * A server of the test for programs outside of it: it counts what they send, and stops answering when it is told to.
 *
 * @module
 */
import { ServerHost, type ServerOptions } from "../../runtime/server/mod.ts";
import { FaultTransport, listenTcp, type Transport } from "../../runtime/transport/mod.ts";
import type { CommandName } from "../../runtime/wire/mod.ts";
import { RequestReader } from "./scripted_server.ts";

export const ACCOUNT = { name: "alice", password: "S3cret-of-alice" } as const;

/** A server that runs. */
export interface WatchedServer extends AsyncDisposable {
  /** `smb://127.0.0.1:port/share`. */
  readonly target: string;
  /** Requests of a command so far. */
  count(command: CommandName): number;
  /** Connections that clients have not ended. */
  readonly connections: number;
  /** Answers nothing any more, on no connection, old or new. */
  freeze(): void;
}

/** Starts a server with an empty share. */
export function startWatchedServer(options: Partial<ServerOptions> = {}): WatchedServer {
  const host = new ServerHost({ shares: [{ name: "share" }], users: [ACCOUNT], ...options });
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const counts = new Map<CommandName, number>();
  const open = new Set<FaultTransport>();
  let isFrozen = false;
  const accepting = (async () => {
    for await (const transport of listener) {
      const faulty = new FaultTransport(transport);
      if (isFrozen) faulty.stall("both");
      open.add(faulty);
      void faulty.closed.then(() => open.delete(faulty));
      host.serve(counting(faulty, (command) => {
        counts.set(command, (counts.get(command) ?? 0) + 1);
      }));
    }
  })();
  return {
    target: `smb://127.0.0.1:${listener.address.port}/share`,
    count: (command) => counts.get(command) ?? 0,
    get connections() {
      return open.size;
    },
    freeze() {
      isFrozen = true;
      for (const faulty of open) faulty.stall("both");
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const faulty of open) faulty.resume();
      await host.close();
    },
  };
}

/** Tells of each request; what is encrypted or compressed it could not read. */
function counting(inner: Transport, tell: (command: CommandName) => void): Transport {
  const reader = new RequestReader();
  return {
    remote: inner.remote,
    closed: inner.closed,
    write: (chunks) => inner.write(chunks),
    close: () => inner.close(),
    async read(into) {
      const length = await inner.read(into);
      if (length === null) return null;
      for (const { message } of reader.push(into.subarray(0, length))) tell(message.command);
      return length;
    },
  };
}
