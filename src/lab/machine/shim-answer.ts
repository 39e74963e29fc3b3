/** What a shim prints and returns. */
export interface ShimAnswer {
  code: number;
  stdout: string;
  stderr: string;
}
