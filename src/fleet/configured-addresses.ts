import { loadSharedConfigFiles } from '@smithy/core/config';
import { UsageError } from '../errors.ts';
import { EXPOSED, type GivenAddress, isExposed, refuseExposed } from '../exposed-address.ts';

/** Called with these credentials, or to get them, under the names that AWS settings have for them. */
const SERVICES = [
  ...['ssm', 'resource_groups_tagging_api', 'sts', 'sso', 'sso_oidc', 'signin'],
  ...['organizations', 'account'],
];

/** Node's own variable: it takes any certificate then, so anybody on the way may be the service. */
const UNCHECKED = 'NODE_TLS_REJECT_UNAUTHORIZED';

/**
 * Call it before the first call of a run.
 * @throws UsageError naming the first address that is not encrypted, or the variable that lets Node take any certificate
 */
export async function requireEncrypted(
  profiles: readonly string[],
  variables: NodeJS.ProcessEnv,
  endpointUrl?: string,
): Promise<void> {
  if (variables[UNCHECKED] === '0')
    throw new UsageError({
      code: 'exposed-endpoint',
      what: `${UNCHECKED}=0 switches the check of certificates off`,
      why: EXPOSED,
      next: 'unset it; the certificate of a proxy goes into NODE_EXTRA_CA_CERTS; on a network that you trust, add --allow-unencrypted-endpoint',
    });
  const given = endpointUrl === undefined ? [] : [{ label: '--endpoint-url', address: endpointUrl }];
  const all = [...given, ...(await listConfigured(profiles, variables))];
  const exposed = all.find(({ address }) => isExposed(address));
  if (exposed) throw refuseExposed(exposed);
}

/** As the SDK finds them; also for services that this run may not call, and where a flag names another address. */
async function listConfigured(
  profiles: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<GivenAddress[]> {
  const names = ['AWS_ENDPOINT_URL', ...SERVICES.map((name) => `AWS_ENDPOINT_URL_${name.toUpperCase()}`)];
  // The SDK reads addresses from this profile even if --profile names another.
  const own = variables['AWS_PROFILE'] || 'default';
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return [
    ...names.map((name) => ({ label: name, address: variables[name] })),
    ...[own, ...profiles].flatMap((profile) => {
      const section = { ...credentialsFile[profile], ...configFile[profile] };
      const services = { ...configFile[`services.${section['services']}`] };
      return [section['endpoint_url'], ...SERVICES.map((name) => services[`${name}.endpoint_url`])].map(
        (address) => ({ label: `endpoint_url of the AWS profile ${profile}:`, address }),
      );
    }),
  ].flatMap(({ label, address }) => (address ? [{ label, address }] : []));
}

/** The address of a service that is called without an SDK client, from the same places in the same order as the SDK. */
export async function findAddress(
  service: string,
  profile: string | undefined,
  variables: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (variables['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined;
  const named = variables[`AWS_ENDPOINT_URL_${service.toUpperCase()}`];
  if (named) return named;
  const { configFile } = await loadSharedConfigFiles();
  const section = configFile[profile || variables['AWS_PROFILE'] || 'default'];
  const services = configFile[`services.${section?.['services']}`];
  return services?.[`${service}.endpoint_url`] || variables['AWS_ENDPOINT_URL'] || section?.['endpoint_url'];
}
