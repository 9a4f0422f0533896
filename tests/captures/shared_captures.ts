/** The captures beside the project: where they are, and what is known of their keys. */
import type { DecryptionKeys, KnownKeys } from "../../compiler/mod.ts";
import { sharedPath } from "../harness/interop.ts";

/** One capture of captures.json. */
export interface SharedCapture {
  /** Path below the folder of captures; also the name in the tables of this folder. */
  readonly file: string;
  readonly nt_password?: string;
  /** Per session: SessionId as on the wire, session key, and the keys of both directions; hexadecimal. */
  readonly seskeys?: readonly string[];
}

/** The captures, none where they are absent. */
export function sharedCaptures(): SharedCapture[] {
  const path = sharedPath("captures/captures.json");
  return path === undefined ? [] : JSON.parse(Deno.readTextFileSync(path));
}

/** Path of a capture. */
export function capturePath({ file }: SharedCapture): string {
  return `${sharedPath("captures")}/${file}`;
}

/** Path of a capture's oracle. */
export function oraclePath({ file }: SharedCapture): string {
  return `${sharedPath("captures")}/ops/${file}.ops.jsonl.gz`;
}

/** Its keys, in the compiler's form. */
export function keysOf(capture: SharedCapture): DecryptionKeys {
  const sessions = new Map<bigint, KnownKeys>();
  for (const line of capture.seskeys ?? []) {
    const [id = "", session, fromServer, fromClient] = line.split(",");
    const bytes = Uint8Array.fromHex(id).toReversed();
    sessions.set(BigInt(`0x${bytes.toHex()}`), {
      ...(session === undefined ? {} : { sessionKey: Uint8Array.fromHex(session) }),
      ...(fromServer === undefined ? {} : { serverToClient: Uint8Array.fromHex(fromServer) }),
      ...(fromClient === undefined ? {} : { clientToServer: Uint8Array.fromHex(fromClient) }),
    });
  }
  return {
    sessions,
    ...(capture.nt_password === undefined ? {} : { passwords: [capture.nt_password] }),
  };
}
