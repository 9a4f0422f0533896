/**
 * Scenarios played in this thread against a server on a port: what goes over the wire can be looked at.
 *
 * @module
 */
import {
  type Authenticator,
  type Backend,
  Connection,
  connectTcp,
  nativeBackend,
  ntlmAuthenticator,
  type Transport,
} from "../../runtime/client/mod.ts";
import type { OperationRecord } from "../../runtime/measure/mod.ts";
import { PreciseClock } from "../../runtime/schedule/mod.ts";
import {
  Definition,
  execute,
  type RunHost,
  type RunOptions,
  type Scenario,
} from "../../runtime/script/mod.ts";
import type { Message } from "../../runtime/wire/mod.ts";

/** Where a scenario is played. */
export interface Stage {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly options?: Partial<RunOptions>;
  /** Proves who the user is; NTLM unless given. */
  readonly authenticator?: () => Authenticator;
  /** Opens a connection; TCP to host and port unless given. */
  readonly dial?: () => Promise<Transport>;
}

/** What was done and said. */
export interface Performance {
  readonly operations: readonly OperationRecord[];
  readonly sent: readonly Message[];
  readonly received: readonly Message[];
  readonly log: readonly string[];
}

/** Plays a scenario; throws what it died of. */
export async function playOn(stage: Stage, scenario: Scenario): Promise<Performance> {
  const operations: OperationRecord[] = [];
  const sent: Message[] = [];
  const received: Message[] = [];
  const log: string[] = [];
  const { user, password } = stage;
  const backend: Backend = {
    ...nativeBackend,
    connect: (transport, options) =>
      Connection.connect(transport, {
        ...options,
        observer: {
          sent: (message) => void sent.push(message),
          received: (message) => void received.push(message),
        },
      }),
  };
  const host: RunHost = {
    backend,
    clock: new PreciseClock(),
    dial: stage.dial ?? (() => connectTcp({ hostname: stage.host, port: stage.port })),
    authenticator: stage.authenticator ?? (() => ntlmAuthenticator({ user, password })),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    blob: (path) => Promise.reject(new Error(`Cannot read blob ${path}`)),
    record: (record) => void operations.push(record),
    broke: () => {},
    note: (message) => void log.push(message),
    log: (message) => void log.push(message),
  };
  if (!(scenario instanceof Definition)) throw new TypeError("Cannot play: this is no scenario");
  const { failed, error } = await execute(scenario, host, {
    server: stage.host,
    share: "share",
    shares: {},
    root: "",
    speed: 1,
    asap: false,
    timeout: 60,
    params: {},
    ...stage.options,
    blobs: [],
  }).finished;
  if (failed) throw error;
  return { operations, sent, received, log };
}
