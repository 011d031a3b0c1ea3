/**
 * Pure: the request that a person means. The ids of answers hold it: `chatcmpl-req_…`, `cmpl-req_…`, `msg_req_…`, and
 * `resp_nearfar_…` without its beginning.
 */
export function requestIdOf(word: string): string {
  const response = /^resp_nearfar_([0-9a-f]+)$/.exec(word);
  if (response !== null) return `req_${response[1] ?? ''}`;
  return word.replace(/^(chatcmpl-|cmpl-|msg_)(?=req_)/, '');
}
