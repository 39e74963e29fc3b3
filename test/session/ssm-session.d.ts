declare module 'ssm-session' {
  /** What the test uses of it. */
  export const ssm: {
    init(
      socket: unknown,
      options: { token: string | undefined; termOptions: { rows: number; cols: number } },
    ): void;
    decode(data: ArrayBuffer): {
      messageType: string;
      payloadType: number;
      payload: Uint8Array;
      sequenceNumber: number;
      payloadDigest: string;
    };
    sendACK(socket: unknown, message: unknown): void;
    sendText(socket: unknown, text: Uint8Array, sequence?: number): void;
  };
}
