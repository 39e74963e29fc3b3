/** The service's defaults of a session document [user guide, session document schema]. */
const UNSET_INPUTS = {
  s3BucketName: '',
  s3KeyPrefix: '',
  s3EncryptionEnabled: true,
  cloudWatchLogGroupName: '',
  cloudWatchEncryptionEnabled: true,
  cloudWatchStreamingEnabled: false,
  kmsKeyId: '',
  runAsEnabled: false,
  runAsDefaultUser: '',
  idleSessionTimeout: '20',
  maxSessionDuration: '',
  shellProfile: { windows: '', linux: '' },
};

/** The text of a session document: the defaults, overridden by `inputs`. */
export function sessionDocument(description: string, inputs: Readonly<Record<string, unknown>> = {}): string {
  const document = {
    schemaVersion: '1.0',
    description,
    sessionType: 'Standard_Stream',
    inputs: { ...UNSET_INPUTS, ...inputs },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
