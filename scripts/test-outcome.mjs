// A reporter for Node's test runner: what came of one file, as JSON. `failed`: the tests that failed, outermost names first.
export default async function* reportOutcome(source) {
  const outcome = { passed: 0, skipped: 0, failed: [] };
  /** The names of the tests and suites around the one that runs, by their nesting. @type {string[]} */
  const around = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') around.splice(data.nesting, around.length, data.name);
    if (type !== 'test:fail' && type !== 'test:pass') continue;
    if (data.details.type === 'suite') continue;
    if (data.skip !== undefined) outcome.skipped += 1;
    else if (type === 'test:pass' || data.todo !== undefined) outcome.passed += 1;
    else outcome.failed.push([...around.slice(0, data.nesting), data.name].join(' > '));
  }
  yield JSON.stringify(outcome);
}
