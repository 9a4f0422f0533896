/**
 * Operation records -> counts, distributions and divergences. Knows no SMB beyond the names it is given, no clock, no
 * output format.
 *
 * @module
 */
export { type Distribution, Latency } from "./latency.ts";
export { Measurement, type MeasurementOptions } from "./measurement.ts";
export {
  breakValues,
  checkValues,
  iterationValues,
  type MetricKind,
  type MetricName,
  METRICS,
  type MetricSink,
  operationValues,
  type Tags,
} from "./metrics.ts";
export type {
  ActivityRecord,
  BreakRecord,
  CheckRecord,
  IterationRecord,
  LoadRecord,
  OperationRecord,
} from "./record.ts";
export type { Progress, ScenarioProgress } from "./progress.ts";
export type {
  CommandSummary,
  Divergence,
  DivergenceGroup,
  StatusCount,
  Summary,
} from "./summary.ts";
export {
  ThresholdError,
  type ThresholdOption,
  type ThresholdOptions,
  type ThresholdResult,
  Thresholds,
} from "./thresholds.ts";
