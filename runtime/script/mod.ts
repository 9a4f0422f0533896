/**
 * What mod.ts exports: scenarios and replays, clients whose operations are recorded, files, parameters, expectations.
 * Turns a scenario's calls into requests of `client`, at the times that `schedule` says, and into operation records of
 * `measure`. Knows no file, no process, no password, and not where the scenario came from.
 *
 * @module
 */
export type * from "./api.ts";
export { ScriptClient } from "./client.ts";
export { blob, data, hex, isBlobPath, watchBlobs } from "./data.ts";
export {
  AbortedError,
  ExpectationError,
  firstError,
  NoResponseError,
  ScriptError,
  StatusError,
} from "./errors.ts";
export { execute, type RunHandle, type RunResult } from "./execute.ts";
export { expect } from "./expect.ts";
export type { Credentials, LoginUser, RunHost, RunOptions } from "./host.ts";
export { EXECUTORS, LoadError, type LoadOverrides, parseLoad } from "./load_options.ts";
export type { MadeName } from "./group_provision.ts";
export { type LoadPart, userName } from "./load_run.ts";
export { describeParams, type ParamInfo, ParamsError, parseParams } from "./params.ts";
export { NameMap, type NameMapping, nameMappingSchema, NO_NAMES } from "./name_map.ts";
export { pathTest } from "./path_glob.ts";
export { ProvisionError, type ProvisionOptions } from "./provision_run.ts";
export { Definition, replay, scenario, suite } from "./scenario.ts";
export { duration, size } from "./units.ts";
export { isRowsPath, type RowChunk, rows } from "./rows.ts";
export {
  parseWorkload,
  readRow,
  type Workload,
  WorkloadError,
  type WorkloadOperation,
} from "./workload.ts";
export { WorkloadChecks } from "./workload_checks.ts";
export { workloadDefinition } from "./workload_run.ts";
