/**
 * A run's summary -> text for people, JSON for programs. Knows no run, no terminal, no file.
 *
 * @module
 */
export { type JsonReport, jsonText, type ReportFailure } from "./json.ts";
export { type ReportHead, summaryText, type TextOptions } from "./text.ts";
export { byteText, durationText, plural, printable } from "./units.ts";
