/**
 * The shell around the engine: sockets and the timer. Everything about SMB is in the engine.
 *
 * @module
 */

import { listenTcp, type Transport } from "../transport/mod.ts";
import { MAX_CONNECTIONS, MAX_UNSENT } from "./limits.ts";
import type { ServerOptions } from "./options.ts";
import { type Effect, Server } from "./server.ts";

const READ_SIZE = 256 * 1024;
/** Longest that a timer sleeps in one go: setTimeout takes 31 bits. */
const LONGEST_SLEEP = 2 ** 31 - 1;

/** Where to listen. */
export interface ListenOptions {
  /** Port; 0 lets the system choose. Default 445. */
  readonly port?: number;
  /** Address. Default 127.0.0.1. */
  readonly hostname?: string;
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens. */
  readonly address: { readonly hostname: string; readonly port: number };
  /** The engine. */
  readonly engine: Server;
  /** Serves one more connection, such as one end of a pair in memory. */
  readonly serve: (transport: Transport) => void;
  /** Stops listening, drops all connections, and waits until they are gone. */
  readonly close: () => Promise<void>;
}

/** Serves connections that others accept; {@linkcode startServer} adds a port. */
export class ServerHost {
  /** The engine. */
  readonly engine: Server;
  readonly #transports = new Map<number, Transport>();
  readonly #unsent = new Map<number, number>();
  readonly #loops = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;

  /** @param options What to serve and how. */
  constructor(options: ServerOptions) {
    this.engine = new Server(options, { random: randomBytes, now: present() });
  }

  /**
   * Serves a connection until it ends.
   *
   * @param transport The connection.
   */
  serve(transport: Transport): void {
    if (this.#transports.size >= MAX_CONNECTIONS) return transport.close();
    const id = this.engine.accept(present());
    this.#transports.set(id, transport);
    const loop = this.#run(id, transport);
    this.#loops.add(loop);
    loop.finally(() => this.#loops.delete(loop));
    this.#arm();
  }

  /** Drops all connections and waits until they are gone. */
  async close(): Promise<void> {
    for (const transport of this.#transports.values()) transport.close();
    await Promise.all(this.#loops);
    clearTimeout(this.#timer);
  }

  async #run(id: number, transport: Transport): Promise<void> {
    // Frames of this size and less need no copy; the engine keeps nothing of it.
    const buffer = new Uint8Array(READ_SIZE);
    try {
      for (;;) {
        const count = await transport.read(buffer);
        if (count === null || !this.#transports.has(id)) break;
        await this.#perform(this.engine.receive(id, buffer.subarray(0, count), present()), id);
        this.#arm();
      }
    } catch {
      // A connection that broke ends like one that was closed.
    }
    transport.close();
    this.#transports.delete(id);
    this.#unsent.delete(id);
    await this.#perform(this.engine.close(id, present()), id);
    this.#arm();
  }

  /** Does what the engine wants; waits for the writes of one connection, so that a slow reader is not read on. */
  async #perform(effects: readonly Effect[], own: number): Promise<void> {
    let last: Promise<void> | undefined;
    for (const effect of effects) {
      const transport = this.#transports.get(effect.connection);
      if (transport === undefined) continue;
      if (effect.kind === "close") {
        // What was said before is sent before.
        await last;
        this.#transports.delete(effect.connection);
        transport.close();
        continue;
      }
      const written = this.#write(effect.connection, transport, effect.chunks);
      if (effect.connection === own) last = written;
    }
    await last;
  }

  async #write(id: number, transport: Transport, chunks: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const chunk of chunks) length += chunk.byteLength;
    const unsent = (this.#unsent.get(id) ?? 0) + length;
    this.#unsent.set(id, unsent);
    if (unsent > MAX_UNSENT) transport.close();
    try {
      await transport.write(chunks);
    } catch {
      transport.close();
    }
    this.#unsent.set(id, (this.#unsent.get(id) ?? length) - length);
  }

  #arm(): void {
    const deadline = this.engine.nextDeadline;
    if (deadline === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = deadline;
    if (deadline === Infinity || this.#transports.size === 0) return;
    const sleep = Math.min(LONGEST_SLEEP, Math.max(0, deadline - present()) + 1);
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.#perform(this.engine.tick(present()), -1).then(() => this.#arm());
    }, sleep);
  }
}

/**
 * Starts a server on a port.
 *
 * @param options What to serve, how, and where.
 * @returns The running server.
 * @throws {TransportError} When the address cannot be bound.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 *
 * await using server = startServer({
 *   shares: [{ name: "data" }],
 *   users: [{ name: "alice", password: "secret" }],
 *   port: 0,
 * });
 * assert(server.address.port > 0);
 * ```
 */
export function startServer(options: ServerOptions & ListenOptions): RunningServer {
  const { port = 445, hostname = "127.0.0.1" } = options;
  const listener = listenTcp({ hostname, port });
  const host = new ServerHost(options);
  const accepting = (async () => {
    for await (const transport of listener) host.serve(transport);
  })();
  const close = async () => {
    listener.close();
    await accepting;
    await host.close();
  };
  return {
    address: listener.address,
    engine: host.engine,
    serve: (transport) => host.serve(transport),
    close,
    [Symbol.asyncDispose]: close,
  };
}

// Monotonic, and at the same time the date.
function present(): number {
  return performance.timeOrigin + performance.now();
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
