/** Ids of our own begin so, that no upstream's is taken for one. */
const prefix = 'resp_nearfar_';

/** @param requestId as `req_0123…` */
export function responseId(requestId: string): string {
  return prefix + tail(requestId);
}

export function isOwnResponseId(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith(prefix);
}

/** @param place of the item in its response */
export function itemId(kind: 'msg' | 'rs' | 'fc' | 'in', requestId: string, place: number): string {
  return `${kind}_${tail(requestId)}_${place}`;
}

/** The response that an item of ours belongs to; null for an id of another's. */
export function responseIdOfItem(id: string): string | null {
  const [, owner] = /^(?:msg|rs|fc|in)_([0-9a-f]{32})_\d+$/.exec(id) ?? [];
  return owner === undefined ? null : prefix + owner;
}

function tail(requestId: string): string {
  return requestId.replace(/^req_/, '');
}
