/** Measures how long sessions live, and what that shows. */
export { startArmProcess } from './arm-client.ts';
export { type ArmRun, livedSeconds, OUTCOMES, type Outcome, startRun } from './arm-run.ts';
export { ARM_NAMES } from './arms.ts';
export { type Conclusion, conclude, silence } from './conclude.ts';
export type { PluginCall } from './messages.ts';
export { renderPage } from './page.ts';
export { type Account, type MeasurePlan, measureRuns, planRuns } from './run.ts';
export * from './words.ts';
