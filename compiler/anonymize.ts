/**
 * A plan that says nothing about whose traffic it was: names, addresses and identities become pseudonyms, bodies keep
 * their form and length and lose what they say, data is told by secret numbers. What is sent stays what it was: commands,
 * flags, sizes, times, and which names are equal.
 */
import { Mapping } from "./mapping.ts";
import {
  FSCTL_DFS_GET_REFERRALS,
  FSCTL_DFS_GET_REFERRALS_EX,
  FSCTL_PIPE_WAIT,
  FSCTL_SET_REPARSE_POINT,
  renameInReparsePoint,
} from "./name_bodies.ts";
import { Identifiers } from "./names.ts";
import type {
  CreateOperation,
  IoctlOperation,
  PlanClient,
  PlanCreateContext,
  PlanFacts,
  PlanOperation,
  PlanPayload,
  QueryInfoOperation,
  SetInfoOperation,
} from "./plan.ts";
import type { PlanSource } from "./plan_source.ts";
import { MIN_KEY_BYTES } from "./pseudonym_key.ts";
import { Pseudonyms } from "./pseudonyms.ts";
import {
  attributeName,
  scrubAttributeNames,
  scrubAttributes,
  scrubDescriptor,
  scrubQuotaQuery,
  scrubQuotas,
  scrubRpc,
  type Substitutes,
  zeros,
} from "./scrub_bodies.ts";

/** A name where it is not part of a longer word: `ro` is no part of "provided". */
function wholeName(name: string): RegExp {
  const literal = name.replace(/[.*+?^${}()|[\]\\/-]/g, (character) => `\\${character}`);
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, "giu");
}

/** Originals that are looked for in notes. */
const MAX_ORIGINALS = 10_000;

const REMARK =
  "Anonymized: names, addresses and identities are pseudonyms, data and bodies are synthetic.";

/** An anonymized plan. */
export interface Anonymized {
  readonly source: PlanSource;
  /** A text of the compiler (a note) without the names that it may have. */
  readonly text: (text: string) => string;
}

/**
 * Replaces everything that tells whose traffic a plan is; equal keys give equal pseudonyms. `names` are others that texts may
 * have: those of files.
 */
export function anonymized(
  plan: PlanSource,
  key: Uint8Array,
  names: readonly string[] = [],
): Anonymized {
  if (key.length < MIN_KEY_BYTES) {
    throw new RangeError(`A key of ${MIN_KEY_BYTES} bytes is needed; ${key.length} were given`);
  }
  const anonymizer = new Anonymizer(plan, key);
  for (const name of names) anonymizer.hide(name);
  return {
    source: {
      count: plan.count,
      clients: anonymizer.clients,
      source: {
        ...plan.source,
        name: "anonymized",
        remarks: [...plan.source.remarks ?? [], REMARK],
      },
      *operations() {
        const pass = anonymizer.pass();
        for (const operation of plan.operations()) yield pass(operation);
      },
    },
    text: (text) => anonymizer.text(text),
  };
}

class Anonymizer {
  readonly clients: readonly PlanClient[];
  readonly #pseudonyms: Pseudonyms;
  readonly #ids = new Map<string, string>();
  /** What notes may name: in lower case, and what stands for it. */
  readonly #originals = new Map<string, string>();
  readonly #substitutes: Substitutes;

  constructor(plan: PlanSource, key: Uint8Array) {
    this.#pseudonyms = new Pseudonyms(key);
    this.hide(plan.source.name);
    this.#substitutes = {
      name: (name) => this.#pseudonyms.name(name),
      secret: (purpose, bytes, length) =>
        this.#pseudonyms.digest(purpose, bytes).subarray(0, length),
    };
    const identifiers = new Identifiers();
    this.clients = plan.clients.map((client): PlanClient => {
      const { address, clientGuid } = client;
      const users = client.users.map((user) => this.#user(user));
      const id = identifiers.make(users[0] ?? "client", "client");
      this.#ids.set(client.id, id);
      return {
        ...client,
        id,
        address: this.#server(address),
        clientGuid: clientGuid === null ? null : this.#guid(clientGuid),
        users,
      };
    });
  }

  /** A pass over all operations. */
  pass(): (operation: PlanOperation) => PlanOperation {
    const path = (name: string) => this.#pseudonyms.path(name);
    const mapping = new Mapping({
      server: (name) => this.#server(name),
      share: (name) => this.#recorded(name, this.#pseudonyms.name(name)),
      user: (name) => this.#user(name),
      domain: (name) => this.#user(name),
      path,
      pipe: path,
      pattern: path,
      link: path,
    });
    return (operation) => ({
      ...this.#scrub(mapping.operation(operation)),
      client: this.#ids.get(operation.client) ?? operation.client,
    });
  }

  /** The name of a file. */
  hide(name: string): void {
    this.#originals.set(name.toLowerCase(), "anonymized");
  }

  text(text: string): string {
    let other = text;
    for (const [original, pseudonym] of this.#originals) {
      if (original.length < 2) continue;
      const at = other.toLowerCase().indexOf(original);
      if (at >= 0 && other.toLowerCase().length === other.length) {
        other = other.replaceAll(
          wholeName(original),
          () => pseudonym,
        );
      }
    }
    return other;
  }

  #server(name: string): string {
    return this.#recorded(name, this.#pseudonyms.server(name));
  }

  #user(name: string): string {
    return this.#recorded(name, this.#pseudonyms.user(name));
  }

  #recorded(original: string, pseudonym: string): string {
    if (original !== pseudonym && this.#originals.size < MAX_ORIGINALS) {
      this.#originals.set(original.toLowerCase(), pseudonym);
    }
    return pseudonym;
  }

  #guid(guid: string): string {
    const digits = this.#pseudonyms.digest("guid", guid.toLowerCase()).toHex();
    return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]]
      .map(([from, to]) => digits.slice(from, to)).join("-");
  }

  #scrub(operation: PlanOperation): PlanOperation {
    switch (operation.kind) {
      case "connect":
        return {
          ...operation,
          contexts: operation.contexts.map((context) =>
            context.kind === "raw" ? { ...context, data: zeros(context.data) } : context
          ),
        };
      case "create":
        return this.#create(operation);
      case "close":
        return operation.told === undefined
          ? operation
          : { ...operation, told: this.#facts(operation.told) };
      case "read":
        return {
          ...operation,
          returned: operation.returned === null ? null : this.#payload(operation.returned),
        };
      case "write":
        return { ...operation, data: this.#payload(operation.data) };
      case "ioctl":
        return { ...operation, input: this.#ioctl(operation) };
      case "queryInfo":
        return {
          ...operation,
          input: this.#queryInfo(operation),
          ...(operation.told === undefined ? {} : { told: this.#facts(operation.told) }),
        };
      case "setInfo":
        return { ...operation, input: this.#setInfo(operation) };
      default:
        return operation;
    }
  }

  /** Equal data stays equal: a plain hash would tell who has the data what it was. */
  #payload(payload: PlanPayload): PlanPayload {
    const { sha256 } = payload;
    if (sha256 === undefined) return payload;
    return { ...payload, sha256: this.#pseudonyms.digest("data", sha256).toHex() };
  }

  #facts(told: PlanFacts): PlanFacts {
    const { streams, eas } = told;
    return {
      ...told,
      ...(streams === undefined ? {} : {
        streams: streams.map((stream) => ({
          ...stream,
          name: this.#pseudonyms.name(stream.name),
        })),
      }),
      ...(eas === undefined ? {} : {
        eas: eas.map((ea) => ({ ...ea, name: attributeName(ea.name, this.#substitutes) })),
      }),
    };
  }

  #create(operation: CreateOperation): CreateOperation {
    return {
      ...operation,
      contexts: operation.contexts.map((context) => this.#context(context)),
    };
  }

  #context(context: PlanCreateContext): PlanCreateContext {
    switch (context.kind) {
      case "SecD":
        return { ...context, data: scrubDescriptor(context.data, this.#substitutes) };
      case "ExtA":
        return { ...context, data: scrubAttributes(context.data, this.#substitutes) };
      case "SVHDX":
      case "raw":
        return { ...context, data: zeros(context.data) };
      case "AppInstanceId":
        return { ...context, appInstanceId: this.#guid(context.appInstanceId) };
      default:
        return context;
    }
  }

  #ioctl({ code, input }: IoctlOperation): string {
    if (PLAIN_FSCTLS.has(code) || RENAMED_FSCTLS.has(code)) return input;
    switch (code) {
      case FSCTL_SET_REPARSE_POINT:
        return renameInReparsePoint(input, (name) => name) ?? reparseHead(input);
      case FSCTL_PIPE_TRANSCEIVE:
        return scrubRpc(input);
      case FSCTL_SRV_COPYCHUNK:
      case FSCTL_SRV_COPYCHUNK_WRITE:
        return zeros(input.slice(0, RESUME_KEY_DIGITS)) + input.slice(RESUME_KEY_DIGITS);
      case FSCTL_VALIDATE_NEGOTIATE_INFO:
        // Capabilities, ClientGuid, and what was negotiated (MS-SMB2 2.2.31.4).
        return input.slice(0, 8) + zeros(input.slice(8, 40)) + input.slice(40);
      default:
        return zeros(input);
    }
  }

  #queryInfo({ infoType, class: number, input }: QueryInfoOperation): string {
    if (infoType === INFO_FILE && number === FULL_EA) {
      return scrubAttributeNames(input, this.#substitutes);
    }
    if (infoType === INFO_QUOTA) return scrubQuotaQuery(input, this.#substitutes);
    return zeros(input);
  }

  #setInfo({ infoType, class: number, input }: SetInfoOperation): string {
    if (infoType === INFO_SECURITY) return scrubDescriptor(input, this.#substitutes);
    if (infoType === INFO_QUOTA) return scrubQuotas(input, this.#substitutes);
    if (infoType === INFO_FILE_SYSTEM) return number === FS_CONTROL ? input : zeros(input);
    if (infoType !== INFO_FILE) return zeros(input);
    if (number === FULL_EA) return scrubAttributes(input, this.#substitutes);
    return PLAIN_INFORMATION.has(number) || RENAMED_INFORMATION.has(number) ? input : zeros(input);
  }
}

/** Tag and length of a reparse point; its data is not known. */
function reparseHead(input: string): string {
  return input.slice(0, 16) + zeros(input.slice(16));
}

const RESUME_KEY_DIGITS = 48;

const FSCTL_PIPE_TRANSCEIVE = 0x0011c017;
const FSCTL_SRV_COPYCHUNK = 0x001440f2;
const FSCTL_SRV_COPYCHUNK_WRITE = 0x001480f2;
const FSCTL_VALIDATE_NEGOTIATE_INFO = 0x00140204;

/** Names in these are pseudonyms already. */
const RENAMED_FSCTLS: ReadonlySet<number> = new Set([
  FSCTL_DFS_GET_REFERRALS,
  FSCTL_DFS_GET_REFERRALS_EX,
  FSCTL_PIPE_WAIT,
]);

/** Bodies of nothing but numbers. */
const PLAIN_FSCTLS: ReadonlySet<number> = new Set([
  0x00098208, // FSCTL_FILE_LEVEL_TRIM
  0x000980c8, // FSCTL_SET_ZERO_DATA
  0x000900c4, // FSCTL_SET_SPARSE
  0x000940cf, // FSCTL_QUERY_ALLOCATED_RANGES
  0x0009003c, // FSCTL_GET_COMPRESSION
  0x0009c040, // FSCTL_SET_COMPRESSION
  0x0009027c, // FSCTL_GET_INTEGRITY_INFORMATION
  0x0009c280, // FSCTL_SET_INTEGRITY_INFORMATION
  0x00098344, // FSCTL_DUPLICATE_EXTENTS_TO_FILE
  0x00094264, // FSCTL_OFFLOAD_READ
  0x000902e8, // FSCTL_SET_ZERO_ON_DEALLOCATION
  0x001401d4, // FSCTL_LMR_REQUEST_RESILIENCY
  0x001401fc, // FSCTL_QUERY_NETWORK_INTERFACE_INFO
  0x00144064, // FSCTL_SRV_ENUMERATE_SNAPSHOTS
  0x00140078, // FSCTL_SRV_REQUEST_RESUME_KEY
  0x000900c0, // FSCTL_CREATE_OR_GET_OBJECT_ID
  0x000900a8, // FSCTL_GET_REPARSE_POINT
  0x0011400c, // FSCTL_PIPE_PEEK
]);

const INFO_FILE = 1;
const INFO_FILE_SYSTEM = 2;
const INFO_SECURITY = 3;
const INFO_QUOTA = 4;
const FS_CONTROL = 6;
const FULL_EA = 15;

/** File information of nothing but numbers (MS-FSCC 2.4). */
const PLAIN_INFORMATION: ReadonlySet<number> = new Set([
  4, // FileBasicInformation
  13, // FileDispositionInformation
  14, // FilePositionInformation
  16, // FileModeInformation
  19, // FileAllocationInformation
  20, // FileEndOfFileInformation
  23, // FilePipeInformation
  25, // FilePipeRemoteInformation
  26, // FileMailslotQueryInformation
  27, // FileMailslotSetInformation
  39, // FileValidDataLengthInformation
  64, // FileDispositionInformationEx
  71, // FileCaseSensitiveInformation
]);

/** Their names are pseudonyms already: rename and link. */
const RENAMED_INFORMATION: ReadonlySet<number> = new Set([10, 11, 65, 72]);
