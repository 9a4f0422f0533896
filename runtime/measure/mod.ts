/**
 * Operation records -> counts, distributions and divergences. Knows no SMB beyond the names it is given, no clock, no
 * output format.
 *
 * @module
 */
export { type Distribution, Latency } from "./latency.ts";
export { Measurement, type MeasurementOptions, type Progress } from "./measurement.ts";
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
export {
  ThresholdError,
  type ThresholdOption,
  type ThresholdOptions,
  type ThresholdResult,
  Thresholds,
} from "./thresholds.ts";
