/**
 * A run's records and summary -> text for people; JSON, CSV, JUnit, Prometheus and OpenTelemetry for programs. Knows no
 * run, no terminal, no file.
 *
 * @module
 */
export { type JsonReport, jsonText, type ReportFailure } from "./json.ts";
export { type JUnitRun, junitXml } from "./junit.ts";
export { line, lines, table } from "./layout.ts";
export { breakLine, type LogContext, operationLine } from "./operation_log.ts";
export { type OtlpContext, otlpMetrics } from "./otlp.ts";
export { CSV_HEAD, csvPoint, jsonPoint, type Point } from "./points.ts";
export { type LiveState, prometheusText } from "./prometheus.ts";
export { type ReportHead, summaryText, type TextOptions } from "./text.ts";
export { byteText, durationText, plural, printable } from "./units.ts";
