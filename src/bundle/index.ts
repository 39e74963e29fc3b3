/** Turns Settings into the exact text that instances receive. */
export { type Bundle, renderBundle } from './bundle.ts';
export { makeDocument } from './document.ts';
export { FORMATS, type Format } from './formats.ts';
export { type BundleSettings, ENTRIES, type EntryName } from './inputs.ts';
export type { BundleFile } from './manifest.ts';
export { SHELL_PROFILE, SHELL_PROFILE_START } from './places.ts';
export { recordedFiles, type TreeFile, treeFiles } from './tree.ts';
export { BundleTooLargeError, type ScriptName, wireCommands } from './wire.ts';
