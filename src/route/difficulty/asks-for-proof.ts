/** A demand for a proof or a derivation, where a sentence begins. */
const demand =
  /(?:^|[.!?:;\n]\s*)\W*(?:(?:please|can you|could you|rigorously|formally)[, ]+)*(?:prove|disprove|derive|show that|demonstrate that|give (?:me )?(?:a|the) (?:\p{L}+ )?(?:proof|derivation)|write (?:a|the) (?:\p{L}+ )?proof)\b(?! (?:me|him|her|them|us) (?:wrong|right)\b)/iu;

/** What a demand for a proof is at least, whatever its length: few words ask for much. A rule, not measured: public outcomes have none. */
export const proofDifficulty = 0.7;

/** Pure. */
export function asksForProof(text: string): boolean {
  return demand.test(text);
}
