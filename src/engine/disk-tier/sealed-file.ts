import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/**
 * One saved blob as a file: sealed by AES-256-GCM under a key of this home, so that what is cut off, damaged, changed,
 * made elsewhere or made for another model does not open, and a copy of the file alone tells nothing of the prompt.
 *
 * Layout, little-endian: magic (8), length of the sealed head (4), sealed head, sealed cells. Sealed is nonce (12), tag
 * (16), ciphertext. The head holds salt id (32), start, token count (4 each), length of the cells (8), tokens (4 each);
 * it is bound to the folder, and the cells to their head.
 */
export interface SealedBlob {
  /** Hex, 32 bytes. */
  readonly saltId: string;
  readonly start: number;
  readonly tokens: Int32Array;
  readonly data: Uint8Array;
}

export interface BlobHead {
  readonly saltId: string;
  readonly start: number;
  readonly tokens: Int32Array;
  /** Where the sealed cells begin, and how long the whole file is. */
  readonly cellsAt: number;
  readonly fileByteCount: number;
  /** The head's tag, which the cells are bound to. */
  readonly tag: Uint8Array;
}

export interface SealKeys {
  readonly seal: Uint8Array;
  readonly name: Uint8Array;
  readonly salt: Uint8Array;
}

const magic = Buffer.from('NFKV0001', 'latin1');
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const sealBytes = nonceBytes + tagBytes;
const fixedHeadBytes = 32 + 4 + 4 + 8;
/** Magic and length: what must be read to know how long the head is. */
export const prefixBytes = magic.length + 4;
/** No context is longer; a longer head is no head. */
const tokenLimit = 2 ** 26;

/** One secret, one key for each use. */
export function sealKeys(secret: Uint8Array): SealKeys {
  const derive = (use: string): Uint8Array => createHmac('sha256', secret).update(use).digest();
  return { seal: derive('seal'), name: derive('name'), salt: derive('salt') };
}

export function saltIdOf(keys: SealKeys, salt: string): string {
  return createHmac('sha256', keys.salt).update(salt).digest('hex');
}

/** Tells nothing to those who do not have the key; the same blob has the same name. */
export function fileNameOf(keys: SealKeys, blob: Omit<SealedBlob, 'data'>): string {
  const start = Buffer.alloc(4);
  start.writeUInt32LE(blob.start);
  const { buffer, byteOffset, byteLength } = blob.tokens;
  return createHmac('sha256', keys.name)
    .update(blob.saltId)
    .update(start)
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex')
    .slice(0, 40);
}

/** The file's bytes, in pieces to be written one after the other. */
export function sealBlob(keys: SealKeys, folder: string, blob: SealedBlob): readonly Uint8Array[] {
  const head = Buffer.alloc(fixedHeadBytes + 4 * blob.tokens.length);
  head.write(blob.saltId, 0, 'hex');
  head.writeUInt32LE(blob.start, 32);
  head.writeUInt32LE(blob.tokens.length, 36);
  head.writeBigUInt64LE(BigInt(blob.data.byteLength), 40);
  blob.tokens.forEach((token, index) => head.writeInt32LE(token, fixedHeadBytes + 4 * index));
  const sealedHead = seal(keys, Buffer.from(folder, 'utf8'), head);
  const prefix = Buffer.concat([magic, Buffer.alloc(4)]);
  prefix.writeUInt32LE(sealBytes + head.length, magic.length);
  return [prefix, ...sealedHead.pieces, ...seal(keys, sealedHead.tag, blob.data).pieces];
}

/** Length of the sealed head, from the first `prefixBytes` of a file; `null` where it is none of ours. */
export function sealedHeadLength(prefix: Uint8Array): number | null {
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) return null;
  const length = bytes.readUInt32LE(magic.length);
  return length >= sealBytes + fixedHeadBytes && length <= fixedHeadBytes + 4 * tokenLimit ? length : null;
}

/** @returns `null` where this home did not make it for this folder, or not like this */
export function openHead(keys: SealKeys, folder: string, sealedHead: Uint8Array): BlobHead | null {
  const opened = open(keys, Buffer.from(folder, 'utf8'), sealedHead);
  if (opened === null) return null;
  const { plain: head, tag } = opened;
  const tokenCount = head.readUInt32LE(36);
  if (head.length !== fixedHeadBytes + 4 * tokenCount) return null;
  const tokens = Int32Array.from({ length: tokenCount }, (_, index) =>
    head.readInt32LE(fixedHeadBytes + 4 * index),
  );
  const cellsAt = prefixBytes + sealedHead.byteLength;
  return {
    saltId: head.toString('hex', 0, 32),
    start: head.readUInt32LE(32),
    tokens,
    cellsAt,
    fileByteCount: cellsAt + sealBytes + Number(head.readBigUInt64LE(40)),
    tag,
  };
}

/** The cells of a whole file; `null` where they are not what the head was sealed with. */
export function openCells(keys: SealKeys, head: BlobHead, file: Uint8Array): Uint8Array | null {
  if (file.byteLength !== head.fileByteCount) return null;
  return open(keys, head.tag, file.subarray(head.cellsAt))?.plain ?? null;
}

function seal(
  keys: SealKeys,
  boundTo: Uint8Array,
  plain: Uint8Array,
): { readonly pieces: readonly Uint8Array[]; readonly tag: Uint8Array } {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keys.seal, nonce).setAAD(boundTo);
  const text = cipher.update(plain);
  cipher.final();
  const tag = cipher.getAuthTag();
  return { pieces: [nonce, tag, text], tag };
}

function open(
  keys: SealKeys,
  boundTo: Uint8Array,
  sealed: Uint8Array,
): { readonly plain: Buffer; readonly tag: Uint8Array } | null {
  if (sealed.byteLength < sealBytes) return null;
  const tag = sealed.slice(nonceBytes, sealBytes);
  const decipher = createDecipheriv(algorithm, keys.seal, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  }).setAAD(boundTo);
  decipher.setAuthTag(tag);
  const plain = decipher.update(sealed.subarray(sealBytes));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return { plain, tag };
}
