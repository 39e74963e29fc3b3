import { describeMatrix, MATRIX } from './matrix.ts';

await describeMatrix(MATRIX);
