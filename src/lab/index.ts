/** The lab: a stand-in account with an SSM endpoint, sandboxed hosts and real sessions. It knows nothing of the product. */
export { labDown, labStatus, labUp, type OpenLab, openLab, startLab } from './background.ts';
export type { Credentials } from './door.ts';
export { type Guard, LAB_USER, type Principal } from './guard.ts';
export type { ExecOptions, Host as LabHost } from './host.ts';
export { readInventory } from './inventory.ts';
export type { Lab } from './lab.ts';
export {
  type AccountSpec,
  type CountedSizes,
  DEFAULT_HOSTS,
  defaultLabDir,
  type HostSpec,
  type IdlePolicy,
  type LabOptions,
} from './options.ts';
export { forgetFolder, LabInUseError, type LabState, removeIfEmpty } from './ownership.ts';
export { labEnv } from './variables.ts';
