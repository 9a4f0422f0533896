// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
/**
 * This room against real traffic: the development captures beside the checkout (../shared/captures), where present.
 * Samba, smbclient, go-smb2, smbtorture and Windows made the bytes; nothing here is tuned to a file.
 */
import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { WireError } from "../wire/mod.ts";
import { describeToken } from "./describe_token.ts";
import { cipherKeyLength, decryptPayload } from "./encryption.ts";
import { deriveSessionKeys } from "./kdf.ts";
import { verifyNtlmExchange } from "./ntlm.ts";
import { firstSignature, ntHash } from "./ntlm_crypto.ts";
import { isNtlm } from "./ntlm_messages.ts";
import { PreauthHash } from "./preauth.ts";
import { createSigner, type Signer, signingAlgorithmOf } from "./signing.ts";
import { decodeSpnego } from "./spnego_tokens.ts";
import { bytes, hex } from "./testing.ts";

const SHARED = new URL("../../../shared/captures/", import.meta.url);
const present = isPresent();

function isPresent(): boolean {
  try {
    return Deno.statSync(SHARED).isDirectory;
  } catch {
    return false;
  }
}

interface CaptureEntry {
  readonly file: string;
  readonly port?: number;
  readonly ports?: number[];
  readonly seskeys?: string[];
}

interface Frame {
  readonly stream: string;
  readonly toServer: boolean;
  readonly bytes: Uint8Array;
}

/** Frames of a classic Ethernet pcap without loss: enough for this test, in the order their last byte arrived. */
function readFrames(file: Uint8Array): Frame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Frame[] = [];
  const flows = new Map<string, { next: number; data: Uint8Array }>();
  for (let at = 24; at + 16 <= file.length;) {
    const length = view.getUint32(at + 8, true);
    const packet = file.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    if (packet[12] !== 8 || packet[13] !== 0 || packet[23] !== 6) continue;
    const p = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const ip = 14;
    const tcp = ip + (packet[ip]! & 15) * 4;
    const source = p.getUint16(tcp);
    const target = p.getUint16(tcp + 2);
    const sequence = p.getUint32(tcp + 4);
    const start = tcp + (packet[tcp + 12]! >> 4) * 4;
    const payload = packet.subarray(start, ip + p.getUint16(ip + 2));
    const key = `${source}-${target}`;
    const syn = (packet[tcp + 13]! & 2) !== 0;
    let flow = flows.get(key);
    if (flow === undefined || syn) {
      flow = { next: (sequence + (syn ? 1 : 0)) >>> 0, data: new Uint8Array() };
      flows.set(key, flow);
    }
    const behind = (flow.next - sequence) >>> 0;
    if (behind >= payload.length) continue;
    const fresh = payload.subarray(behind);
    flow.next = (flow.next + fresh.length) >>> 0;
    const joined = new Uint8Array(flow.data.length + fresh.length);
    joined.set(flow.data);
    joined.set(fresh, flow.data.length);
    let rest: Uint8Array = joined;
    while (rest.length >= 4) {
      const size = (rest[1]! << 16) | (rest[2]! << 8) | rest[3]!;
      if (rest.length < 4 + size) break;
      const toServer = source > target;
      const stream = toServer ? key : `${target}-${source}`;
      frames.push({ stream, toServer, bytes: rest.slice(4, 4 + size) });
      rest = rest.subarray(4 + size);
    }
    flow.data = rest;
  }
  return frames;
}

/** What one connection has shown so far. */
class Watched {
  readonly counts = {
    logins: 0,
    refused: 0,
    signed: 0,
    wrong: 0,
    decrypted: 0,
    opaque: 0,
    mics: 0,
    tokens: 0,
  };
  readonly algorithms = new Set<number>();
  readonly users = new Set<string>();
  #dialect = 0;
  #signing: number | undefined;
  #cipher = 0;
  #connectionHash = PreauthHash.initial();
  readonly #hashes = new Map<bigint, PreauthHash>();
  readonly #tokens = new Map<bigint, { bytes: Uint8Array; toServer: boolean }[]>();
  readonly #keys = new Map<
    bigint,
    { signer: Signer; toServer: Uint8Array | null; toClient: Uint8Array | null }
  >();
  readonly #known: Map<bigint, Uint8Array>;

  constructor(known: Map<bigint, Uint8Array>) {
    this.#known = known;
  }

  see(frame: Frame): void {
    const view = new DataView(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength);
    if (frame.bytes.length >= 52 && frame.bytes[0] === 0xfd) return this.#decrypt(frame, view);
    for (let at = 0; at + 64 <= frame.bytes.length && frame.bytes[at] === 0xfe;) {
      const next = view.getUint32(at + 20, true);
      const message = frame.bytes.subarray(at, next === 0 ? undefined : at + next);
      this.#message(message, { toServer: frame.toServer, encrypted: false });
      if (next === 0) break;
      at += next;
    }
  }

  #message(message: Uint8Array, where: { toServer: boolean; encrypted: boolean }): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const command = view.getUint16(12, true);
    const session = view.getBigUint64(40, true);
    if (command === 0) this.#negotiate(message, view);
    if (command === 1) this.#setup(message, view);
    const flags = view.getUint32(16, true);
    const keys = this.#keys.get(session);
    if ((flags & 8) === 0 || keys === undefined || where.encrypted) return;
    if (keys.signer.verify(message)) this.counts.signed++;
    else this.counts.wrong++;
    this.algorithms.add(keys.signer.algorithmId);
  }

  #negotiate(message: Uint8Array, view: DataView): void {
    this.#connectionHash = this.#connectionHash.extend(message);
    if ((view.getUint32(16, true) & 1) === 0) return;
    this.#dialect = view.getUint16(68, true);
    // The answer to an SMB1 NEGOTIATE is no part of the chain: the client begins it with its SMB2 request.
    if (this.#dialect === 0x02ff) this.#connectionHash = PreauthHash.initial();
    // Samba signs with CMAC and encrypts with CCM unless its contexts say otherwise.
    this.#cipher = 1;
    if (this.#dialect !== 0x0311) return;
    let at = view.getUint32(124, true);
    for (let left = view.getUint16(70, true); left > 0; left--) {
      const type = view.getUint16(at, true);
      const length = view.getUint16(at + 2, true);
      if (type === 2) this.#cipher = view.getUint16(at + 10, true);
      if (type === 8) this.#signing = view.getUint16(at + 10, true);
      at += (8 + length + 7) & ~7;
    }
  }

  #setup(message: Uint8Array, view: DataView): void {
    const session = view.getBigUint64(40, true);
    const response = (view.getUint32(16, true) & 1) !== 0;
    const status = view.getUint32(8, true);
    const at = response ? 68 : 76;
    const offset = view.getUint16(at, true);
    const token = message.subarray(offset, offset + view.getUint16(at + 2, true));
    if (token.length > 0) {
      this.counts.tokens++;
      assert(describeToken(token).mechanism !== null, hex(token.subarray(0, 32)));
    }
    // The first request has session id 0; its response names the session that both belong to.
    const hash = this.#hashes.get(session) ?? this.#hashes.get(0n) ?? this.#connectionHash;
    const tokens = this.#tokens.get(session) ?? this.#tokens.get(0n) ?? [];
    if (!response && session === 0n) {
      this.#hashes.set(0n, this.#connectionHash.extend(message));
      this.#tokens.set(0n, [{ bytes: token, toServer: true }]);
      return;
    }
    this.#hashes.delete(0n);
    this.#tokens.delete(0n);
    tokens.push({ bytes: token, toServer: !response });
    this.#tokens.set(session, tokens);
    if (response && status !== 0xc0000016) {
      this.#finish(session, { hash, tokens, status, guest: (view.getUint16(66, true) & 3) !== 0 });
      this.#tokens.delete(session);
      this.#hashes.delete(session);
      return;
    }
    this.#hashes.set(session, hash.extend(message));
  }

  #finish(
    session: bigint,
    end: {
      hash: PreauthHash;
      tokens: { bytes: Uint8Array; toServer: boolean }[];
      status: number;
      guest: boolean;
    },
  ): void {
    const sessionKey = this.#known.get(session) ?? this.#judge(end);
    if (sessionKey === null || end.status !== 0 || end.guest) return;
    const dialect = this.#dialect;
    const keys = deriveSessionKeys({
      dialect,
      sessionKey,
      preauthHash: end.hash,
      cipherKeyLength: this.#cipher === 0 ? 16 : cipherKeyLength(this.#cipher),
    });
    this.#keys.set(session, {
      signer: createSigner(signingAlgorithmOf(dialect, this.#signing), keys.signingKey),
      toServer: keys.clientToServerKey,
      toClient: keys.serverToClientKey,
    });
  }

  /** The session key that this room's server side would have agreed on; null when it would have refused. */
  #judge(
    end: { tokens: { bytes: Uint8Array; toServer: boolean }[]; status: number },
  ): Uint8Array | null {
    const messages: Uint8Array[] = [];
    let list: Uint8Array | null = null;
    const mics: { mic: Uint8Array; fromClient: boolean }[] = [];
    for (const { bytes: token, toServer } of end.tokens) {
      if (token.length === 0) continue;
      if (isNtlm(token)) {
        messages.push(token);
        continue;
      }
      let decoded;
      try {
        decoded = decodeSpnego(token);
      } catch (error) {
        assert(error instanceof WireError);
        continue;
      }
      if (decoded.kind === "init") list = decoded.mechTypesBytes;
      const inner = decoded.kind === "init" ? decoded.mechToken : decoded.responseToken;
      if (inner !== null && isNtlm(inner)) messages.push(inner);
      if (decoded.mechListMic !== null) {
        mics.push({ mic: decoded.mechListMic, fromClient: toServer });
      }
    }
    if (messages.length !== 3) return null;
    const [negotiate, challenge, authenticate] = messages as [Uint8Array, Uint8Array, Uint8Array];
    const verdict = verifyNtlmExchange({ negotiate, challenge, authenticate }, {
      findNtHash: () => ntHash("pass"),
      anonymous: true,
    });
    assertEquals(verdict.failure === null, end.status === 0, `status 0x${end.status.toString(16)}`);
    if (verdict.identity === null || verdict.sessionKey === null) {
      this.counts.refused++;
      return null;
    }
    this.counts.logins++;
    this.users.add(verdict.identity.user);
    for (const { mic, fromClient } of mics) {
      const { sessionKey: exportedSessionKey, flags } = verdict;
      assertEquals(
        hex(firstSignature({ exportedSessionKey, flags, fromClient }, list!)!),
        hex(mic),
      );
      this.counts.mics++;
    }
    return verdict.sessionKey;
  }

  #decrypt(frame: Frame, view: DataView): void {
    const keys = this.#keys.get(view.getBigUint64(44, true));
    const key = frame.toServer ? keys?.toServer : keys?.toClient;
    if (!key) {
      this.counts.opaque++;
      return;
    }
    const text = decryptPayload(
      {
        cipherId: this.#cipher,
        key,
        nonce: frame.bytes.subarray(20, 36),
        aad: frame.bytes.subarray(20, 52),
      },
      frame.bytes.subarray(52),
      frame.bytes.subarray(4, 20),
    );
    assert(text !== null, "a captured message does not decrypt");
    assertEquals(hex(text.subarray(0, 4)), "fe534d42");
    this.counts.decrypted++;
  }
}

function watch(entry: CaptureEntry) {
  let file: Uint8Array = Deno.readFileSync(new URL(entry.file, SHARED));
  if (entry.file.endsWith(".gz")) file = gunzipSync(file);
  const known = new Map((entry.seskeys ?? []).map((text) => {
    const [session, key] = text.split(",");
    return [new DataView(bytes(session!).buffer).getBigUint64(0, true), bytes(key!)];
  }));
  const streams = new Map<string, Watched>();
  for (const frame of readFrames(file)) {
    if (!streams.has(frame.stream)) streams.set(frame.stream, new Watched(known));
    streams.get(frame.stream)!.see(frame);
  }
  const total = {
    logins: 0,
    refused: 0,
    signed: 0,
    wrong: 0,
    decrypted: 0,
    opaque: 0,
    mics: 0,
    tokens: 0,
  };
  const algorithms = new Set<number>();
  const users = new Set<string>();
  for (const watched of streams.values()) {
    for (const name of Object.keys(total) as (keyof typeof total)[]) {
      total[name] += watched.counts[name];
    }
    for (const algorithm of watched.algorithms) algorithms.add(algorithm);
    for (const user of watched.users) users.add(user);
  }
  return { ...total, algorithms: [...algorithms], users: [...users] };
}

/** Captures with the least that each must show. */
type Expectation = [
  string,
  { signed: number; mics: number; decrypted?: number; algorithm?: number },
];

const EXPECTED: Expectation[] = [
  ["own/signed-SMB2_02.pcap", { signed: 369, mics: 2, algorithm: 0 }],
  ["own/signed-SMB3_00.pcap", { signed: 353, mics: 2, algorithm: 1 }],
  ["own/smbclient-tree.pcap", { signed: 5, mics: 2, algorithm: 2 }],
  ["own/smb1-negotiate-upgrade.pcap", { signed: 5, mics: 2, algorithm: 2 }],
  ["own/rclone.pcap", { signed: 1638, mics: 48, algorithm: 1 }],
  ["own/torture-compound.pcap", { signed: 57, mics: 38, algorithm: 2 }],
  ["own/failures.pcap", { signed: 10, mics: 4 }],
  ["own/rpc-only.pcap", { signed: 56, mics: 4 }],
  ["own/enc-SMB3_11-AES-128-GCM.pcap", { signed: 1, mics: 2, decrypted: 348 }],
  ["own/enc-share-required.pcap", { signed: 5, mics: 2, decrypted: 340 }],
  ["own/live-port445-enc.pcap", { signed: 1, mics: 2, decrypted: 70 }],
  ...["128-ccm", "128-gcm", "256-ccm", "256-gcm"].map((cipher): Expectation => [
    `public/debian-wireshark-4.0.17/smb311-aes-${cipher}.pcap.gz`,
    { signed: 1, mics: 0, decrypted: 2 },
  ]),
];

for (const [file, least] of EXPECTED) {
  Deno.test({
    name: `the logins, signatures and encryption in ${file} are right${
      present ? "" : " (skipped: no ../shared/captures)"
    }`,
    ignore: !present,
    fn() {
      const entries: CaptureEntry[] = JSON.parse(
        Deno.readTextFileSync(new URL("captures.json", SHARED)),
      );
      const seen = watch(entries.find((entry) => entry.file === file) ?? { file });
      assertEquals([seen.wrong, seen.opaque], [0, 0]);
      assert(seen.signed >= least.signed, JSON.stringify(seen));
      assert(seen.mics >= least.mics, JSON.stringify(seen));
      assert(seen.decrypted >= (least.decrypted ?? 0), JSON.stringify(seen));
      if (least.algorithm !== undefined) assertEquals(seen.algorithms, [least.algorithm]);
    },
  });
}
