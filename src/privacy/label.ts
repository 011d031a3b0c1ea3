import type { PrivacyLabel } from '../chat/request.ts';

/** The tighter of two labels. Nothing on the way through the pipeline can loosen one. */
export function tighten(one: PrivacyLabel, other: PrivacyLabel): PrivacyLabel {
  return one === 'local_only' || other === 'local_only' ? 'local_only' : 'open';
}

export interface PrivacySettings {
  /** The loosest label that any request may have here; `local_only` keeps everything on this machine. */
  readonly floor: PrivacyLabel;
}

/** Sets a request's label: at least the owner's floor, at least what the client asked for. */
export type LabelRequest = <Request extends { readonly privacy: PrivacyLabel }>(request: Request) => Request;

export function createLabel({ floor }: PrivacySettings): LabelRequest {
  return (request) => {
    const privacy = tighten(request.privacy, floor);
    return privacy === request.privacy ? request : { ...request, privacy };
  };
}
