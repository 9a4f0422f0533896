/** What the client offers in NEGOTIATE, and what it accepts (MS-SMB2 3.2.4.2.2.2, 3.2.5.2). */
import {
  HashAlgorithm,
  type NegotiateContext,
  type NegotiateRequest,
  type NegotiateResponse,
  SigningAlgorithm,
} from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import type { Negotiated } from "./effects.ts";
import type { SuccessReply } from "./reply.ts";

/** Dialects of SMB2 and SMB3 (MS-SMB2 2.2.3). */
export const Dialect = {
  SMB_2_0_2: 0x0202,
  SMB_2_1: 0x0210,
  SMB_3_0: 0x0300,
  SMB_3_0_2: 0x0302,
  SMB_3_1_1: 0x0311,
  /** Answers an SMB1 NEGOTIATE: "some dialect of SMB2, ask again". */
  WILDCARD: 0x02ff,
} as const;

/** Bits of Capabilities (MS-SMB2 2.2.3, 2.2.4). */
export const Capability = {
  DFS: 0x01,
  LEASING: 0x02,
  LARGE_MTU: 0x04,
  MULTI_CHANNEL: 0x08,
  PERSISTENT_HANDLES: 0x10,
  DIRECTORY_LEASING: 0x20,
  ENCRYPTION: 0x40,
} as const;

/** Bits of SecurityMode (MS-SMB2 2.2.3). */
export const SecurityMode = { SIGNING_ENABLED: 0x01, SIGNING_REQUIRED: 0x02 } as const;

/** What a connection offers. */
export interface NegotiateOptions {
  /** 2.0.2 to 3.1.1 unless told. */
  readonly dialects?: readonly number[];
  /** GUID text; drawn from `random` unless told. */
  readonly clientGuid?: string;
  /** Signing enabled unless told. */
  readonly securityMode?: number;
  /** DFS, LEASING and LARGE_MTU where a 3.x dialect is offered, otherwise 0 (MS-SMB2 2.2.3). */
  readonly capabilities?: number;
  /** Ciphers to offer in 3.1.1; none unless told. */
  readonly ciphers?: readonly number[];
  /** Signing algorithms to offer in 3.1.1: GMAC, CMAC, HMAC unless told; an empty list leaves the context out. */
  readonly signingAlgorithms?: readonly number[];
  /** Negotiate contexts in place of the computed ones. */
  readonly contexts?: readonly NegotiateContext[];
  /** Starts with an SMB1 NEGOTIATE that offers SMB2 (MS-SMB2 3.2.4.2.2.1). */
  readonly smb1?: boolean;
}

const ALL_DIALECTS: readonly number[] = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311];
/** What Windows draws; MS-SMB2 2.2.3.1.1 leaves the length open. */
const SALT_LENGTH = 32;

/** Builds the request; `random` gives the ClientGuid and the salt. */
export function negotiateRequest(
  options: NegotiateOptions,
  random: (length: number) => Uint8Array,
): NegotiateRequest {
  const dialects = options.dialects ?? ALL_DIALECTS;
  const speaks3 = dialects.some((dialect) => dialect >= Dialect.SMB_3_0);
  const defaultCapabilities = speaks3
    ? Capability.DFS | Capability.LEASING | Capability.LARGE_MTU
    : 0;
  return {
    securityMode: options.securityMode ?? SecurityMode.SIGNING_ENABLED,
    capabilities: options.capabilities ?? defaultCapabilities,
    clientGuid: options.clientGuid ?? guidText(random(16)),
    dialects,
    ...(dialects.includes(Dialect.SMB_3_1_1)
      ? { contexts: options.contexts ?? defaultContexts(options, random) }
      : {}),
    clientStartTime: 0n,
  };
}

function defaultContexts(
  options: NegotiateOptions,
  random: (length: number) => Uint8Array,
): NegotiateContext[] {
  const contexts: NegotiateContext[] = [{
    kind: "preauthIntegrity",
    hashAlgorithms: [HashAlgorithm.SHA_512],
    salt: random(SALT_LENGTH),
  }];
  const ciphers = options.ciphers ?? [];
  if (ciphers.length > 0) contexts.push({ kind: "encryption", ciphers });
  const algorithms = options.signingAlgorithms ??
    [SigningAlgorithm.AES_GMAC, SigningAlgorithm.AES_CMAC, SigningAlgorithm.HMAC_SHA256];
  if (algorithms.length > 0) contexts.push({ kind: "signing", algorithms });
  return contexts;
}

/**
 * Checks the answer against the offer (MS-SMB2 3.2.5.2).
 *
 * @throws {ProtocolError} (remote) when the server chose what was not offered.
 */
export function judgeNegotiation(
  offer: { readonly dialects: readonly number[]; readonly contexts: readonly NegotiateContext[] },
  reply: SuccessReply<"NEGOTIATE">,
): Negotiated {
  const response = reply.body;
  const dialect = response.dialectRevision;
  if (!offer.dialects.includes(dialect)) {
    throw new ProtocolError(
      `Cannot accept dialect ${hex(dialect)}: offered were ${offer.dialects.map(hex).join(", ")}`,
      { side: "remote" },
    );
  }
  const signingAlgorithm = dialect === Dialect.SMB_3_1_1
    ? judgeContexts(offer.contexts, response)
    : undefined;
  return {
    dialect,
    response,
    reply,
    ...(signingAlgorithm === undefined ? {} : { signingAlgorithm }),
    supportsMultiCredit: dialect !== Dialect.SMB_2_0_2 &&
      (response.capabilities & Capability.LARGE_MTU) !== 0,
  };
}

/** The contexts of a 3.1.1 answer: exactly one preauth hash, and a signing algorithm that was offered. */
function judgeContexts(
  offered: readonly NegotiateContext[],
  response: NegotiateResponse,
): number | undefined {
  const contexts = response.contexts ?? [];
  const preauth = contexts.filter((context) => context.kind === "preauthIntegrity");
  const hashes = preauth[0]?.hashAlgorithms ?? [];
  if (preauth.length !== 1 || hashes.length !== 1 || hashes[0] !== HashAlgorithm.SHA_512) {
    throw new ProtocolError(
      `Cannot accept 3.1.1 answer: it has ${preauth.length} preauth contexts with ${hashes.length} hashes, not SHA-512 alone`,
      { side: "remote" },
    );
  }
  const signing = contexts.find((context) => context.kind === "signing");
  if (signing === undefined) return undefined;
  const [algorithm] = signing.algorithms;
  const offer = offered.find((context) => context.kind === "signing")?.algorithms ?? [];
  if (signing.algorithms.length !== 1 || algorithm === undefined || !offer.includes(algorithm)) {
    throw new ProtocolError(
      `Cannot accept signing algorithms ${signing.algorithms.map(hex).join(", ")}: offered were ${
        offer.map(hex).join(", ")
      }`,
      { side: "remote" },
    );
  }
  return algorithm;
}

/** `0x` and four digits. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}

/** 16 random bytes as the text of a version 4 GUID. */
export function guidText(bytes: Uint8Array): string {
  const copy = bytes.slice(0, 16);
  copy[6] = ((copy[6] ?? 0) & 0x0f) | 0x40;
  copy[8] = ((copy[8] ?? 0) & 0x3f) | 0x80;
  const digits = [...copy].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join("-");
}
