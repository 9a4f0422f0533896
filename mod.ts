/**
 * SMBench's scripting API: what a scenario imports from `"smbench"`.
 *
 * A scenario is a TypeScript file whose default export is made by {@linkcode scenario} (written by hand; an operation
 * with an unexpected status throws) or by {@linkcode replay} (compiled from a capture; differences are recorded and
 * reported). `smbench run file.ts --target smb://host/share -U user` runs it in a sandbox that reaches that server
 * and nothing else.
 *
 * Numbers that are times are in seconds, numbers that are lengths or offsets in bytes.
 *
 * @example
 * ```ts
 * import { expect, scenario } from "smbench";
 *
 * export default scenario({ name: "lease break on second open" }, async ({ client }) => {
 *   const alice = await client("alice");
 *   const bob = await client("bob");
 *   const doc = await alice.open("report.docx", { access: "rw", disposition: "openIf", lease: "RWH" });
 *   const broken = doc.leaseBreak();
 *   await using _theirs = await bob.open("report.docx", { access: "r" });
 *   expect(await broken).toMatchObject({ from: "RWH", to: "RH" });
 * });
 * ```
 *
 * @module
 */
export {
  blob,
  data,
  duration,
  expect,
  hex,
  NoResponseError,
  replay,
  rows,
  scenario,
  size,
  StatusError,
  suite,
} from "./runtime/script/mod.ts";
export type {
  Access,
  At,
  BasicInfo,
  BlobReference,
  Break,
  BreakPolicy,
  ByteRange,
  CapabilityName,
  CapturedPlaces,
  Change,
  ChangeKind,
  CipherName,
  Client,
  CloseOptions,
  Compound,
  CompoundFile,
  CompressionName,
  CompressionOptions,
  Connection,
  ConnectOptions,
  CopyRange,
  CopyResult,
  CreateContext,
  CreateOption,
  Data,
  DfsLocation,
  DfsReferral,
  DfsReferralTarget,
  DirectoryEntry,
  Disposition,
  DurableOptions,
  Duration,
  Expect,
  Expectation,
  ExpectedStatus,
  File,
  FileAttribute,
  FileControls,
  FileStat,
  FileTime,
  GrantedLease,
  HandleSummary,
  InfoResult,
  InfoSelector,
  Integrity,
  IoctlOptions,
  Label,
  LeaseOptions,
  LeaseStateText,
  Load,
  LoadOptions,
  LoadStage,
  LoadUser,
  LockOptions,
  LockRange,
  LoginOptions,
  Moments,
  NegotiateContextOption,
  Negotiated,
  NetworkFaults,
  NetworkInterface,
  NotifyOptions,
  ObjectId,
  OffloadToken,
  OpenOptions,
  Operation,
  OperationOptions,
  Oplock,
  Outcome,
  ParamsOf,
  ParamsSchema,
  PipePeek,
  Provision,
  ProvisionedContent,
  ProvisionedDirectory,
  ProvisionedFile,
  ProvisionedShare,
  QueryDirectoryOptions,
  QueryInfoOptions,
  RawAnswer,
  RawHeader,
  RawRequest,
  ReadOptions,
  ReparsePoint,
  ReplayClient,
  ReplayFunctions,
  ReplayOptions,
  ReplayParams,
  RowsReference,
  RunReport,
  Scenario,
  ScenarioContext,
  ScenarioFunction,
  ScenarioOptions,
  SecurityPart,
  SendRawOptions,
  Session,
  SetInfoOptions,
  Share,
  ShareInfo,
  SigningAlgorithmName,
  Size,
  SnapshotList,
  SuiteOptions,
  Threshold,
  ThresholdMap,
  Tree,
  TreeControls,
  TreeOptions,
  User,
  UserOptions,
  WriteOptions,
} from "./runtime/script/mod.ts";
