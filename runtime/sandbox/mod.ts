/**
 * A scenario's file -> a checked scenario in a worker that reaches the SMB target and nothing else. Here is what the
 * worker may ask of the host (proof of who the user is, blobs) and what it tells; the host reads, checks and
 * strips the files, and keeps the password.
 *
 * @module
 */
export { placeText, ScenarioError, type ScenarioPlace } from "./errors.ts";
export { type Records, Sandbox, type SandboxOptions } from "./host.ts";
export type {
  PreflightFailure,
  RunOrder,
  ScenarioDescription,
  ScenarioFailure,
  TargetOrder,
} from "./messages.ts";
export { evaluateModules } from "./modules.ts";
export { allRows, readRows } from "./rows.ts";
export { readScenario, type ScenarioSource } from "./source.ts";
