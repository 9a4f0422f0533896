/**
 * Frequent operations -> their rows as text. Says what `rows.ts` says of all operations, field by field in the same order:
 * making objects of most rows would take longer than all else that is done with them.
 */
import type {
  CreateOperation,
  OperationBase,
  PlanOperation,
  PlanPayload,
  ReadOperation,
  WriteOperation,
} from "../plan.ts";
import { accessMode, openExtensions } from "./version1.ts";

/** What a row says of its operation besides what the operation says itself. */
export interface RowPlace {
  readonly label: string;
  /** Id of the client, quoted. */
  readonly client: string;
  /** Microseconds. */
  readonly timestamp: number;
  /** Place among all rows; null where it is not told. */
  readonly sequence: number | null;
  /** Quoted, or a number: what is expected unless it is success. */
  readonly status: string | null;
  /** Share of the operation's tree. */
  readonly share: string;
  /** What an open does on a break, as JSON; null where it does what is usual. */
  readonly onBreak: string | null;
}

/** Operations that this knows. */
export type Frequent = Extract<
  PlanOperation,
  { readonly kind: "create" | "close" | "read" | "write" | "queryInfo" }
>;

/** Whether this knows the operation, and version 1 can say it. */
export function isFrequent(operation: PlanOperation): operation is Frequent {
  switch (operation.kind) {
    case "create":
    case "close":
    case "queryInfo":
      return isPlain(operation);
    case "read":
    case "write":
      return isPlain(operation) && Number.isSafeInteger(Number(operation.offset));
    default:
      return false;
  }
}

function isPlain({ ids, via, incomplete }: OperationBase): boolean {
  return ids === undefined && via === undefined && incomplete === undefined;
}

/** The row of an operation whose open is known. */
export function rowText(operation: Frequent, place: RowPlace): string {
  const { client, timestamp, sequence, status } = place;
  const expected = status === null ? "" : `,"expected_status":${status}`;
  const head = `{"op_id":"${place.label}","client_id":${client},"timestamp_us":${timestamp}${
    sequence === null ? "" : `,"sequence":${sequence}`
  }`;
  const { file } = operation;
  switch (operation.kind) {
    case "create":
      return `${head}${openText(operation, place)}${expected},"smb2":${createText(operation)}${
        commonText(operation)
      }${place.onBreak === null ? "" : `,"onBreak":${place.onBreak}`}}}`;
    case "close": {
      const { flags } = operation;
      return `${head},"operation":"Close","handle_ref":"${file}"${expected},"smb2":{"kind":"close"${
        flags === 0 ? "" : `,"flags":${flags}`
      }${placeText(operation)}${commonText(operation)}}}`;
    }
    case "read":
      return `${head},"operation":"Read","handle_ref":"${file}","offset":${
        Number(operation.offset)
      },"length":${operation.length}${expected},"smb2":${readText(operation)}${
        placeText(operation)
      }${commonText(operation)}}}`;
    case "write":
      return `${head},"operation":"Write","handle_ref":"${file}","offset":${
        Number(operation.offset)
      },"length":${operation.data.length}${expected},"smb2":${writeText(operation)}${
        placeText(operation)
      }${commonText(operation)}}}`;
    case "queryInfo": {
      const { infoType, class: level, additional, flags, outputLength, input } = operation;
      return `${head},"operation":"QueryInfo","handle_ref":"${file}","info_type":${infoType},"info_class":${level}${expected},"smb2":{"kind":"queryInfo","infoType":${infoType},"class":${level}${
        additional === 0 ? "" : `,"additional":${additional}`
      }${flags === 0 ? "" : `,"flags":${flags}`},"outputLength":${outputLength}${
        input === "" ? "" : `,"input":"${input}"`
      },"returnedLength":${operation.returnedLength}${placeText(operation)}${
        commonText(operation)
      }}}`;
    }
  }
}

function openText(operation: CreateOperation, { share }: RowPlace): string {
  const path = JSON.stringify(`/${share}/${operation.path.replaceAll("\\", "/")}`);
  return `,"operation":"Open","path":${path},"mode":"${
    accessMode(operation.access)
  }","handle_ref":"${operation.file}","extensions":${extensionsText(operation)}`;
}

/** Texts that are remembered: more than that differ in every operation. */
const TEXTS_KEPT = 256;

const extensions = new Map<string, string>();

/** Most opens ask for the same. */
function extensionsText(operation: CreateOperation): string {
  if (operation.contexts.length > 0) return JSON.stringify(openExtensions(operation));
  const { disposition, oplock, attributes, share, options } = operation;
  const key = `${disposition} ${oplock} ${attributes} ${share} ${options}`;
  let text = extensions.get(key);
  if (text === undefined) {
    text = JSON.stringify(openExtensions(operation));
    if (extensions.size >= TEXTS_KEPT) extensions.clear();
    extensions.set(key, text);
  }
  return text;
}

function createText(operation: CreateOperation): string {
  const { tree, file, access, share, disposition, options, attributes, contexts } = operation;
  const { impersonation, securityFlags, oplock, granted } = operation;
  return `{"kind":"create","tree":"${tree}","file":"${file}","path":${
    JSON.stringify(operation.path)
  },"access":${access}${share === 7 ? "" : `,"share":${share}`}${
    disposition === 1 ? "" : `,"disposition":${disposition}`
  }${options === 0 ? "" : `,"options":${options}`}${
    attributes === 0 ? "" : `,"attributes":${attributes}`
  }${impersonation === 2 ? "" : `,"impersonation":${impersonation}`}${
    securityFlags === 0 ? "" : `,"securityFlags":${securityFlags}`
  }${oplock === 0 ? "" : `,"oplock":${oplock}`}${
    contexts.length === 0 ? "" : `,"contexts":${JSON.stringify(contexts)}`
  },"granted":${
    granted === null
      ? "null"
      : `{"oplock":${granted.oplock},"lease":${granted.lease},"action":${granted.action},"size":"${granted.size}"}`
  }`;
}

function readText(operation: ReadOperation): string {
  const { minimumCount, flags, padding, remainingBytes, channel, returned } = operation;
  return `{"kind":"read","offset":"${operation.offset}","length":${operation.length}${
    minimumCount === 0 ? "" : `,"minimumCount":${minimumCount}`
  }${flags === 0 ? "" : `,"flags":${flags}`}${padding === 0x50 ? "" : `,"padding":${padding}`}${
    remainingBytes === 0 ? "" : `,"remainingBytes":${remainingBytes}`
  }${channel === 0 ? "" : `,"channel":${channel}`},"returned":${
    returned === null ? "null" : payloadText(returned)
  }`;
}

function writeText(operation: WriteOperation): string {
  const { flags, remainingBytes, channel } = operation;
  return `{"kind":"write","offset":"${operation.offset}"${flags === 0 ? "" : `,"flags":${flags}`}${
    remainingBytes === 0 ? "" : `,"remainingBytes":${remainingBytes}`
  }${channel === 0 ? "" : `,"channel":${channel}`},"data":${payloadText(operation.data)}`;
}

function payloadText({ length, sha256, zeros }: PlanPayload): string {
  return `{"length":${length}${sha256 === undefined ? "" : `,"sha256":"${sha256}"`}${
    zeros === undefined ? "" : `,"zeros":${JSON.stringify(zeros)}`
  }}`;
}

function placeText({ tree, file }: { readonly tree: string; readonly file: string }): string {
  return `,"tree":"${tree}","file":"${file}"`;
}

/** What all operations have. */
function commonText(operation: OperationBase): string {
  const { id, at, answeredAt, status, frames, after, chain, header, enabledBy } = operation;
  const { afterOthers, afterPending } = operation;
  const { first, interim, response } = frames;
  return `,"id":${id},"at":${at},"answeredAt":${answeredAt},"frames":{"request":${frames.request}${
    first === undefined ? "" : `,"first":${first}`
  }${interim === undefined ? "" : `,"interim":${interim}`}${
    response === undefined ? "" : `,"response":${response}`
  }}${status === 0 ? "" : `,"status":${status}`}${
    after.length === 0 ? "" : `,"after":${idsText(after)}`
  }${
    chain === undefined
      ? ""
      : `,"chain":{"id":${chain.id},"index":${chain.index},"related":${chain.related}}`
  }${header === undefined ? "" : headerText(header)}${
    enabledBy === undefined ? "" : `,"enabledBy":${enabledBy}`
  }${
    afterOthers === undefined || afterOthers.length === 0
      ? ""
      : `,"afterOthers":${idsText(afterOthers)}`
  }${
    afterPending === undefined || afterPending.length === 0
      ? ""
      : `,"afterPending":${idsText(afterPending)}`
  }`;
}

function idsText(ids: readonly number[]): string {
  return ids.length === 1 ? `[${ids[0]}]` : `[${ids.join(",")}]`;
}

function headerText(header: NonNullable<OperationBase["header"]>): string {
  const { creditCharge, credits, channelSequence, replay, dfs } = header;
  if (
    creditCharge === undefined || credits === undefined || channelSequence !== undefined ||
    replay !== undefined || dfs !== undefined
  ) {
    return `,"header":${JSON.stringify(header)}`;
  }
  return `,"header":{"creditCharge":${creditCharge},"credits":${credits}}`;
}
