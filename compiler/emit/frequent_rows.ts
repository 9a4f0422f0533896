/**
 * Frequent operations -> their rows as bytes of JSON. Says what `rows.ts` says of all operations, field by field in the
 * same order: making objects of most rows would take longer than all else that is done with them.
 */
import { type LineBytes, piece } from "../line_bytes.ts";
import type {
  CloseOperation,
  CreateOperation,
  Frames,
  OperationBase,
  PlanOperation,
  PlanPayload,
  QueryInfoOperation,
  ReadOperation,
  WriteOperation,
} from "../plan.ts";
import { accessMode, openExtensions } from "./version1.ts";

/** What a row says of its operation besides what the operation says itself. */
export interface RowPlace {
  readonly label: string;
  /** Id of the client, quoted. */
  readonly client: Uint8Array;
  /** Microseconds. */
  readonly timestamp: number;
  /** Place among all rows; null where it is not told. */
  readonly sequence: number | null;
  /** What is expected unless it is success, as JSON. */
  readonly status: Uint8Array | null;
  /** Share of the operation's tree. */
  readonly share: string;
  /** What an open does on a break, as JSON; null where it does what is usual. */
  readonly onBreak: string | null;
}

/** Operations that this knows. */
export type Frequent =
  | CreateOperation
  | CloseOperation
  | ReadOperation
  | WriteOperation
  | QueryInfoOperation;

/** Whether this knows the operation, and version 1 can say it. */
export function isFrequent(operation: PlanOperation): operation is Frequent {
  switch (operation.kind) {
    case "create":
      return isPlain(operation) && operation.shared === undefined;
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

function isPlain({ ids, via, incomplete, pendingAt }: OperationBase): boolean {
  return ids === undefined && via === undefined && incomplete === undefined &&
    pendingAt === undefined;
}

const LABEL = piece('{"op_id":');
const CLIENT = piece(',"client_id":');
const TIMESTAMP = piece(',"timestamp_us":');
const SEQUENCE = piece(',"sequence":');
const EXPECTED = piece(',"expected_status":');
const ON_BREAK = piece(',"onBreak":');
const END = piece("}}");

/** Puts the row of an operation whose open is known. */
export function putRow(line: LineBytes, operation: Frequent, place: RowPlace): void {
  line.put(LABEL).quoted(place.label).put(CLIENT).put(place.client);
  line.put(TIMESTAMP).number(place.timestamp);
  if (place.sequence !== null) line.put(SEQUENCE).number(place.sequence);
  switch (operation.kind) {
    case "create":
      putOpen(line, operation, place);
      putCreate(line, operation);
      break;
    case "close":
      line.put(CLOSE).quoted(operation.file);
      putExpected(line, place);
      line.put(CLOSE_REQUEST);
      putUnless(line, FLAGS, operation.flags, 0);
      putPlace(line, operation);
      break;
    case "read":
      line.put(READ).quoted(operation.file).put(OFFSET).number(Number(operation.offset));
      line.put(LENGTH).number(operation.length);
      putExpected(line, place);
      putRead(line, operation);
      putPlace(line, operation);
      break;
    case "write":
      line.put(WRITE).quoted(operation.file).put(OFFSET).number(Number(operation.offset));
      line.put(LENGTH).number(operation.data.length);
      putExpected(line, place);
      putWrite(line, operation);
      putPlace(line, operation);
      break;
    case "queryInfo":
      line.put(QUERY_INFO).quoted(operation.file);
      line.put(INFO_TYPE_1).number(operation.infoType);
      line.put(INFO_CLASS_1).number(operation.class);
      putExpected(line, place);
      putQueryInfo(line, operation);
      putPlace(line, operation);
      break;
  }
  putCommon(line, operation);
  if (place.onBreak !== null) line.put(ON_BREAK).text(place.onBreak);
  line.put(END);
}

function putExpected(line: LineBytes, { status }: RowPlace): void {
  if (status !== null) line.put(EXPECTED).put(status);
}

/** A field that is left out where it has its usual value. */
function putUnless(line: LineBytes, name: Uint8Array, value: number, usual: number): void {
  if (value !== usual) line.put(name).number(value);
}

function putNumber(line: LineBytes, name: Uint8Array, value: number | null): void {
  line.put(name);
  if (value === null) line.put(NULL);
  else line.number(value);
}

const NULL = piece("null");
const CLOSE = piece(',"operation":"Close","handle_ref":');
const CLOSE_REQUEST = piece(',"smb2":{"kind":"close"');
const FLAGS = piece(',"flags":');
const TREE = piece(',"tree":');
const FILE = piece(',"file":');

function putPlace(line: LineBytes, { tree, file }: Frequent): void {
  line.put(TREE).quoted(tree).put(FILE).quoted(file);
}

const OPEN = piece(',"operation":"Open","path":');
const MODE = piece(',"mode":');
const HANDLE = piece(',"handle_ref":');
const EXTENSIONS = piece(',"extensions":');

function putOpen(line: LineBytes, operation: CreateOperation, place: RowPlace): void {
  line.put(OPEN).quoted(`/${place.share}/${operation.path.replaceAll("\\", "/")}`);
  line.put(MODE).quoted(accessMode(operation.access)).put(HANDLE).quoted(operation.file);
  line.put(EXTENSIONS);
  if (operation.contexts.length > 0) line.text(JSON.stringify(openExtensions(operation)));
  else line.put(extensionsOf(operation));
  putExpected(line, place);
}

/** Pieces that are remembered: more than that differ in every operation. */
const PIECES_KEPT = 256;

const extensions = new Map<string, Uint8Array>();

/** Of an open without contexts: most ask for the same. */
function extensionsOf(operation: CreateOperation): Uint8Array {
  const { disposition, oplock, attributes, share, options } = operation;
  const key = `${disposition} ${oplock} ${attributes} ${share} ${options}`;
  let bytes = extensions.get(key);
  if (bytes === undefined) {
    bytes = piece(JSON.stringify(openExtensions(operation)));
    if (extensions.size >= PIECES_KEPT) extensions.clear();
    extensions.set(key, bytes);
  }
  return bytes;
}

const CREATE_REQUEST = piece(',"smb2":{"kind":"create","tree":');
const PATH = piece(',"path":');
const ACCESS = piece(',"access":');
const SHARE = piece(',"share":');
const DISPOSITION = piece(',"disposition":');
const OPTIONS = piece(',"options":');
const ATTRIBUTES = piece(',"attributes":');
const IMPERSONATION = piece(',"impersonation":');
const SECURITY_FLAGS = piece(',"securityFlags":');
const OPLOCK = piece(',"oplock":');
const CONTEXTS = piece(',"contexts":');
const NOT_GRANTED = piece(',"granted":null');
const GRANTED = piece(',"granted":{"oplock":');
const LEASE = piece(',"lease":');
const ACTION = piece(',"action":');
const SIZE = piece(',"size":');
const END_OF_OBJECT = piece("}");

function putCreate(line: LineBytes, operation: CreateOperation): void {
  const { contexts, granted } = operation;
  line.put(CREATE_REQUEST).quoted(operation.tree).put(FILE).quoted(operation.file);
  line.put(PATH).quoted(operation.path).put(ACCESS).number(operation.access);
  putUnless(line, SHARE, operation.share, 7);
  putUnless(line, DISPOSITION, operation.disposition, 1);
  putUnless(line, OPTIONS, operation.options, 0);
  putUnless(line, ATTRIBUTES, operation.attributes, 0);
  putUnless(line, IMPERSONATION, operation.impersonation, 2);
  putUnless(line, SECURITY_FLAGS, operation.securityFlags, 0);
  putUnless(line, OPLOCK, operation.oplock, 0);
  if (contexts.length > 0) line.put(CONTEXTS).text(JSON.stringify(contexts));
  if (granted === null) {
    line.put(NOT_GRANTED);
    return;
  }
  line.put(GRANTED).number(granted.oplock);
  putNumber(line, LEASE, granted.lease);
  line.put(ACTION).number(granted.action).put(SIZE).quoted(granted.size).put(END_OF_OBJECT);
}

const READ = piece(',"operation":"Read","handle_ref":');
const WRITE = piece(',"operation":"Write","handle_ref":');
const OFFSET = piece(',"offset":');
const LENGTH = piece(',"length":');
const READ_REQUEST = piece(',"smb2":{"kind":"read","offset":');
const WRITE_REQUEST = piece(',"smb2":{"kind":"write","offset":');
const MINIMUM_COUNT = piece(',"minimumCount":');
const PADDING = piece(',"padding":');
const REMAINING_BYTES = piece(',"remainingBytes":');
const CHANNEL = piece(',"channel":');
const RETURNED = piece(',"returned":');
const DATA = piece(',"data":');

function putRead(line: LineBytes, operation: ReadOperation): void {
  line.put(READ_REQUEST).quoted(operation.offset).put(LENGTH).number(operation.length);
  putUnless(line, MINIMUM_COUNT, operation.minimumCount, 0);
  putUnless(line, FLAGS, operation.flags, 0);
  putUnless(line, PADDING, operation.padding, 0x50);
  putUnless(line, REMAINING_BYTES, operation.remainingBytes, 0);
  putUnless(line, CHANNEL, operation.channel, 0);
  line.put(RETURNED);
  if (operation.returned === null) line.put(NULL);
  else putPayload(line, operation.returned);
}

function putWrite(line: LineBytes, operation: WriteOperation): void {
  line.put(WRITE_REQUEST).quoted(operation.offset);
  putUnless(line, FLAGS, operation.flags, 0);
  putUnless(line, REMAINING_BYTES, operation.remainingBytes, 0);
  putUnless(line, CHANNEL, operation.channel, 0);
  line.put(DATA);
  putPayload(line, operation.data);
}

const PAYLOAD_LENGTH = piece('{"length":');
const SHA256 = piece(',"sha256":');
const ZEROS = piece(',"zeros":');

function putPayload(line: LineBytes, { length, sha256, zeros }: PlanPayload): void {
  line.put(PAYLOAD_LENGTH).number(length);
  if (sha256 !== undefined) line.put(SHA256).quoted(sha256);
  if (zeros !== undefined) line.put(ZEROS).text(JSON.stringify(zeros));
  line.put(END_OF_OBJECT);
}

const QUERY_INFO = piece(',"operation":"QueryInfo","handle_ref":');
const INFO_TYPE_1 = piece(',"info_type":');
const INFO_CLASS_1 = piece(',"info_class":');
const QUERY_INFO_REQUEST = piece(',"smb2":{"kind":"queryInfo","infoType":');
const CLASS = piece(',"class":');
const ADDITIONAL = piece(',"additional":');
const OUTPUT_LENGTH = piece(',"outputLength":');
const INPUT = piece(',"input":');
const RETURNED_LENGTH = piece(',"returnedLength":');

function putQueryInfo(line: LineBytes, operation: QueryInfoOperation): void {
  line.put(QUERY_INFO_REQUEST).number(operation.infoType).put(CLASS).number(operation.class);
  putUnless(line, ADDITIONAL, operation.additional, 0);
  putUnless(line, FLAGS, operation.flags, 0);
  line.put(OUTPUT_LENGTH).number(operation.outputLength);
  if (operation.input !== "") line.put(INPUT).quoted(operation.input);
  putNumber(line, RETURNED_LENGTH, operation.returnedLength);
}

const ID = piece(',"id":');
const AT = piece(',"at":');
const ANSWERED_AT = piece(',"answeredAt":');
const STATUS = piece(',"status":');
const AFTER = piece(',"after":');
const CHAIN = piece(',"chain":');
const HEADER = piece(',"header":');
const CHARGE = piece(',"header":{"creditCharge":');
const CREDITS = piece(',"credits":');
const ENABLED_BY = piece(',"enabledBy":');
const AFTER_OTHERS = piece(',"afterOthers":');
const AFTER_PENDING = piece(',"afterPending":');

/** What all operations have. */
function putCommon(line: LineBytes, operation: Frequent): void {
  const { answeredAt, status, chain, header, enabledBy } = operation;
  line.put(ID).number(operation.id).put(AT).decimal(operation.at).put(ANSWERED_AT);
  if (answeredAt === null) line.put(NULL);
  else line.decimal(answeredAt);
  putFrames(line, operation.frames);
  if (status !== 0) putNumber(line, STATUS, status);
  putIds(line, AFTER, operation.after);
  if (chain !== undefined) line.put(CHAIN).text(JSON.stringify(chain));
  if (header !== undefined) putHeader(line, header);
  if (enabledBy !== undefined) putNumber(line, ENABLED_BY, enabledBy);
  if (operation.afterOthers !== undefined) putIds(line, AFTER_OTHERS, operation.afterOthers);
  if (operation.afterPending !== undefined) putIds(line, AFTER_PENDING, operation.afterPending);
}

const FRAMES = piece(',"frames":{"request":');
const FIRST = piece(',"first":');
const INTERIM = piece(',"interim":');
const RESPONSE = piece(',"response":');

function putFrames(line: LineBytes, { request, first, interim, response }: Frames): void {
  line.put(FRAMES).number(request);
  if (first !== undefined) line.put(FIRST).number(first);
  if (interim !== undefined) line.put(INTERIM).number(interim);
  if (response !== undefined) line.put(RESPONSE).number(response);
  line.put(END_OF_OBJECT);
}

const LIST = piece("[");
const COMMA = piece(",");
const END_OF_LIST = piece("]");

function putIds(line: LineBytes, name: Uint8Array, ids: readonly number[]): void {
  if (ids.length === 0) return;
  line.put(name).put(LIST);
  for (let index = 0; index < ids.length; index++) {
    if (index > 0) line.put(COMMA);
    line.number(ids[index]!);
  }
  line.put(END_OF_LIST);
}

function putHeader(line: LineBytes, header: NonNullable<OperationBase["header"]>): void {
  const { creditCharge, credits, channelSequence, replay, dfs } = header;
  if (
    creditCharge === undefined || credits === undefined || channelSequence !== undefined ||
    replay !== undefined || dfs !== undefined
  ) {
    line.put(HEADER).text(JSON.stringify(header));
    return;
  }
  line.put(CHARGE).number(creditCharge).put(CREDITS).number(credits).put(END_OF_OBJECT);
}
