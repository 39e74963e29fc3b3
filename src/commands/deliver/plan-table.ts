import { type AccountName, labelColumns } from '../../accounts/names.ts';
import { groupBy } from '../../groups.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { NamedPlan, PlannedInstance } from './plan.ts';
import { describeWhere, GROUPED_HOSTS } from './verdict-groups.ts';

const UNKNOWN = 'not registered with Systems Manager here';

/** A dry run's instances within `io.columns`: a row each, above 20 one row for all equal ones, of all accounts where rows are many. */
export function renderPlannedInstances(
  plans: readonly NamedPlan[],
  unknownIds: readonly string[],
  io: Io,
): string {
  const apart = labelColumns(plans.flatMap(({ name }) => name ?? []));
  const rows = plans.flatMap(({ name, plan }) =>
    plan.reach.instances.map((instance) => ({ name, instance })),
  );
  const isGrouped = rows.length + unknownIds.length > GROUPED_HOSTS;
  const isTogether = isGrouped && apart.heads.length > 0 && groupRows(rows, apart).length > GROUPED_HOSTS;
  const labels = isTogether ? labelColumns([]) : apart;
  const lines = isGrouped
    ? groupRows(rows, labels, isTogether)
    : rows.map(({ name, instance }) => [
        ...labels.cells(name),
        instance.instanceId,
        instance.name,
        ...facts(instance),
      ]);
  const blank = labels.heads.map(() => '');
  for (const id of unknownIds)
    lines.push([...blank, ...(isGrouped ? ['1', '', '', `${UNKNOWN}: ${id}`] : [id, '', '', '', UNKNOWN])]);
  const heads = [
    ...labels.heads,
    ...(isGrouped ? ['COUNT'] : ['INSTANCE', 'NAME']),
    'PLATFORM',
    'AGENT',
    'REACHED',
  ];
  const layout = { head: heads, colWidths: fitColumns(heads, lines, io.columns), wordWrap: true };
  const total = isGrouped ? safe`\n${rows.length} instances; each one:  --output json` : '';
  return `${renderTable(layout, lines)}${total}`;
}

interface PlannedRow {
  readonly name: AccountName | undefined;
  readonly instance: PlannedInstance;
}

function facts({ platform, agentVersion, why }: PlannedInstance): string[] {
  return [platform, agentVersion, why || 'yes'];
}

/** One row for each group, the largest first; a group that would not be reached has an example id. */
function groupRows(
  rows: readonly PlannedRow[],
  { cells }: ReturnType<typeof labelColumns>,
  isTogether = false,
): string[][] {
  const groups = groupBy(rows, ({ name, instance }) => [...cells(name), ...facts(instance)].join('\n'));
  return groups.map((group) => {
    const [{ name, instance }] = group;
    const [platform = '', agent = '', reached = ''] = facts(instance);
    const example = instance.why ? `${reached}, e.g. ${instance.instanceId}` : reached;
    const where = isTogether ? `; ${describeWhere(group.flatMap((row) => row.name ?? []))}` : '';
    return [...cells(name), String(group.length), platform, agent, `${example}${where}`];
  });
}

/** Column widths: as needed; if the table is too wide, the last column and the platform get narrower. */
function fitColumns(heads: readonly string[], lines: readonly string[][], columns: number): number[] {
  const widths = heads.map(
    (head, at) => lines.reduce((most, line) => Math.max(most, line[at]?.length ?? 0), head.length) + 2,
  );
  const last = widths.length - 1;
  const excess = () => widths.reduce((sum, width) => sum + width, 0) - Math.max(60, columns - 1);
  for (const [at, least] of [
    [last, 16],
    [heads.indexOf('PLATFORM'), 12],
    [heads.indexOf('NAME'), 10],
    [heads.indexOf('AGENT'), 12],
  ] as const) {
    const width = widths[at];
    if (width !== undefined && excess() > 0) widths[at] = Math.max(Math.min(width, least), width - excess());
  }
  return widths;
}
