// Stands in for string-width under yargs in the bundle: compiling that package's emoji pattern takes longer than all
// the rest of --help, and help text holds no wide characters (test/cli.test.ts measures its lines).
export default (text) => text.replace(/\u001b\[[0-9;]*m/g, '').length;
