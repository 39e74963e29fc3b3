/** The Regions of the service [AWS General Reference, 2025], for whoever mistyped one. A Region that is missing here works all the same. */
export const REGIONS: readonly string[] = [
  ['us', 'east-1 east-2 west-1 west-2 gov-east-1 gov-west-1'],
  ['eu', 'central-1 central-2 north-1 south-1 south-2 west-1 west-2 west-3'],
  ['ap', 'east-1 northeast-1 northeast-2 northeast-3 south-1 south-2'],
  ['ap', 'southeast-1 southeast-2 southeast-3 southeast-4 southeast-5 southeast-7'],
  ['af', 'south-1'],
  ['ca', 'central-1 west-1'],
  ['cn', 'north-1 northwest-1'],
  ['il', 'central-1'],
  ['me', 'central-1 south-1'],
  ['mx', 'central-1'],
  ['sa', 'east-1'],
].flatMap(([area, places = '']) => places.split(' ').map((place) => `${area}-${place}`));
