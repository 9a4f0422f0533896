/**
 * Operation records -> counts, distributions and divergences. Knows no SMB beyond the names it is given, no clock, no
 * output format.
 *
 * @module
 */
export { type Distribution, Latency } from "./latency.ts";
export { Measurement, type MeasurementOptions } from "./measurement.ts";
export type {
  BreakRecord,
  CheckRecord,
  IterationRecord,
  LoadRecord,
  OperationRecord,
} from "./record.ts";
export type {
  CommandSummary,
  Divergence,
  DivergenceGroup,
  StatusCount,
  Summary,
} from "./summary.ts";
