import { describeLife } from './life.ts';
import { LIFE_ROWS } from './life-table.ts';

await describeLife(LIFE_ROWS);
