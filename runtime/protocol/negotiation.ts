/** What the client offers in NEGOTIATE, and what it accepts (MS-SMB2 3.2.4.2.2.2, 3.2.5.2). */
import {
  Cipher,
  CompressionAlgorithm,
  CompressionFlags,
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
  /** Everything of MS-SMB2 2.2.3 where a 3.x dialect is offered, otherwise 0. */
  readonly capabilities?: number;
  /** Ciphers to offer in 3.1.1: all, AES-128-GCM first, unless told; an empty list leaves the context out. */
  readonly ciphers?: readonly number[];
  /** Compression to offer in 3.1.1; none unless told. */
  readonly compression?: CompressionOffer;
  /** Signing algorithms to offer in 3.1.1: GMAC, CMAC, HMAC unless told; an empty list leaves the context out. */
  readonly signingAlgorithms?: readonly number[];
  /** The server's name, as the last context; none unless told. */
  readonly netName?: string;
  /** Negotiate contexts in place of the computed ones. */
  readonly contexts?: readonly NegotiateContext[];
  /** Starts with an SMB1 NEGOTIATE that offers SMB2 (MS-SMB2 3.2.4.2.2.1). */
  readonly smb1?: boolean;
}

/** SMB2_COMPRESSION_CAPABILITIES (MS-SMB2 2.2.3.1.3). */
export interface CompressionOffer {
  /** Most preferred first. */
  readonly algorithms: readonly number[];
  /** Frames of several payloads; false unless told. */
  readonly chained?: boolean;
}

const ALL_DIALECTS: readonly number[] = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311];
/** What Windows offers, in its order (MS-SMB2 2.2.3.1.2). */
const ALL_CIPHERS: readonly number[] = [
  Cipher.AES_128_GCM,
  Cipher.AES_128_CCM,
  Cipher.AES_256_GCM,
  Cipher.AES_256_CCM,
];
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
    ? Object.values(Capability).reduce((mask, bit) => mask | bit, 0)
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

const PREAUTH_HASHES: readonly number[] = [HashAlgorithm.SHA_512];
const SIGNING_ALGORITHMS: readonly number[] = [
  SigningAlgorithm.AES_GMAC,
  SigningAlgorithm.AES_CMAC,
  SigningAlgorithm.HMAC_SHA256,
];

function defaultContexts(
  options: NegotiateOptions,
  random: (length: number) => Uint8Array,
): NegotiateContext[] {
  const ciphers = options.ciphers ?? ALL_CIPHERS;
  const contexts: NegotiateContext[] = [
    { kind: "preauthIntegrity", hashAlgorithms: PREAUTH_HASHES, salt: random(SALT_LENGTH) },
  ];
  if (ciphers.length > 0) contexts.push({ kind: "encryption", ciphers });
  const { compression } = options;
  if (compression !== undefined) {
    const flags = compression.chained === true ? CompressionFlags.CHAINED : CompressionFlags.NONE;
    contexts.push({ kind: "compression", flags, padding: 0, algorithms: compression.algorithms });
  }
  const algorithms = options.signingAlgorithms ?? SIGNING_ALGORITHMS;
  if (algorithms.length > 0) contexts.push({ kind: "signing", algorithms });
  const { netName } = options;
  if (netName !== undefined) contexts.push({ kind: "netname", netName });
  // A copy has room for what it holds, and not for what might follow.
  return contexts.slice();
}

/**
 * Checks the answer against the offer (MS-SMB2 3.2.5.2).
 *
 * @throws {ProtocolError} (remote) when the server chose what was not offered.
 */
export function judgeNegotiation(
  offer: {
    readonly dialects: readonly number[];
    readonly contexts: readonly NegotiateContext[];
    readonly capabilities: number;
  },
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
  const chosen = dialect === Dialect.SMB_3_1_1
    ? judgeContexts(offer.contexts, response)
    : chosenBefore311(offer.capabilities, response);
  return {
    dialect,
    response,
    reply,
    ...chosen,
    supportsMultiCredit: dialect !== Dialect.SMB_2_0_2 &&
      (response.capabilities & Capability.LARGE_MTU) !== 0,
  };
}

/** What contexts settle. */
type Chosen = Pick<Negotiated, "signingAlgorithm" | "cipherId" | "compression">;

/** 3.0 and 3.0.2 know one cipher, which both sides announce as a capability (MS-SMB2 3.2.5.2). */
function chosenBefore311(offered: number, response: NegotiateResponse): Chosen {
  const both = offered & response.capabilities & Capability.ENCRYPTION;
  return response.dialectRevision >= Dialect.SMB_3_0 && both !== 0
    ? { cipherId: Cipher.AES_128_CCM }
    : {};
}

/** The contexts of a 3.1.1 answer: exactly one preauth hash, and what was offered of the rest (MS-SMB2 3.2.5.2). */
function judgeContexts(offered: readonly NegotiateContext[], response: NegotiateResponse): Chosen {
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
  const encryption = contexts.find((context) => context.kind === "encryption");
  const compression = contexts.find((context) => context.kind === "compression");
  const offeredOf = (kind: NegotiateContext["kind"]) => idsOf(offered, kind);
  const algorithms = compression?.algorithms.filter((id) => id !== CompressionAlgorithm.NONE) ?? [];
  for (const id of algorithms) {
    if (!offeredOf("compression").includes(id)) {
      throw notOffered("compression algorithms", algorithms, offeredOf("compression"));
    }
  }
  const chained = ((compression?.flags ?? 0) & CompressionFlags.CHAINED) !== 0;
  // Cipher 0 says that the server knows none of those offered (MS-SMB2 3.3.5.4).
  const ciphers = encryption?.ciphers.filter((id) => id !== 0);
  return {
    ...(signing === undefined ? {} : {
      signingAlgorithm: oneOf("signing algorithms", signing.algorithms, offeredOf("signing")),
    }),
    ...(ciphers === undefined || ciphers.length === 0
      ? {}
      : { cipherId: oneOf("ciphers", ciphers, offeredOf("encryption")) }),
    ...(algorithms.length === 0 ? {} : { compression: { algorithms, chained } }),
  };
}

/** The ids that an offer names in its context of a kind. */
function idsOf(
  offered: readonly NegotiateContext[],
  kind: NegotiateContext["kind"],
): readonly number[] {
  const context = offered.find((context) => context.kind === kind);
  if (context?.kind === "encryption") return context.ciphers;
  if (context?.kind === "signing" || context?.kind === "compression") return context.algorithms;
  return [];
}

/** The one choice, which has to be among those offered. */
function oneOf(what: string, chosen: readonly number[], offer: readonly number[]): number {
  const [choice] = chosen;
  if (chosen.length !== 1 || choice === undefined || !offer.includes(choice)) {
    throw notOffered(what, chosen, offer);
  }
  return choice;
}

function notOffered(
  what: string,
  chosen: readonly number[],
  offer: readonly number[],
): ProtocolError {
  return new ProtocolError(
    `Cannot accept ${what} ${chosen.map(hex).join(", ")}: offered were ${
      offer.map(hex).join(", ")
    }`,
    { side: "remote" },
  );
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
